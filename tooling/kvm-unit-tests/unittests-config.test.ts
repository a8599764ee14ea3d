import { expect, test } from "vitest";
import { commandOf } from "./run-test.ts";
import { parseUnitTests } from "./unittests-config.ts";
import { cellOf, verdictOf } from "./verdict.ts";

const config = `# comment
[css]
file = css.elf
qemu_params = -device virtio-net-ccw

[firq]
file = firq.elf
groups = a b
accel = tcg
smp = 2
test_args = '-x 1'
qemu_params = """-smp 1,maxcpus=3 -cpu qemu \\
-device qemu-s390x-cpu,core-id=1 -device qemu-s390x-cpu,core-id=2"""
`;

test("a configuration is taken apart", () => {
  const [css, firq] = parseUnitTests(config);
  expect(css).toMatchObject({
    name: "css",
    file: "css.elf",
    options: ["-device", "virtio-net-ccw"],
    cpus: 1,
  });
  expect(firq).toMatchObject({ groups: ["a", "b"], cpus: 2, parameters: "-x 1", accelerator: "tcg" });
  expect(firq?.options).toHaveLength(8);
});

test("CPUs that QEMU plugs are there from the start on our machine", () => {
  const [, firq] = parseUnitTests(config);
  if (firq === undefined) throw new Error("the second test is missing");
  expect(commandOf("jit", "/d", firq).slice(-5)).toEqual(["2", "-append", "-x 1", "-smp", "3"]);
  expect(commandOf("qemu", "/d", firq).slice(-8)).toEqual(firq.options);
});

const verdict = (output: string, status = 0, panics = false) =>
  verdictOf({ output, status, timedOut: false }, panics);

test.for([
  ["PASS: a\nPASS: b\nSKIP: c\n\nEXIT: STATUS=1\n", "pass", "2 pass, 1 skip"],
  ["PASS: a\nFAIL: b\n\nEXIT: STATUS=3\n", "fail", "1 pass, **1 fail**"],
  ["SKIP: gs: no facility\nEXIT: STATUS=77\n", "skip", "skipped: no facility"],
  ["ABORT: no\nSUMMARY: 0 tests\n\nEXIT: STATUS=127\n", "fail", "**aborts**: ABORT: no"],
  ["lockframe: LF-UNIMPLEMENTED: the option -x\n", "refused", "refused: the option -x"],
  ["PASS: a\nit died\n", "broken", "1 pass, **broke off**: it died"],
])("%j is %s", ([output, kind, cell]) => {
  expect(verdict(output ?? "").kind).toBe(kind);
  expect(cellOf(verdict(output ?? ""))).toBe(cell);
});

test("a test of the group panic passes when the guest gave up, and only then", () => {
  expect(verdict("loops\n", 4, true).kind).toBe("pass");
  expect(verdict("loops\n", 4, false).kind).toBe("broken");
  expect(verdict("FAIL: survived\n\nEXIT: STATUS=3\n", 0, true).kind).toBe("fail");
});
