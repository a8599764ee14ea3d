import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run the command as a process of its own. */
function command(args: readonly string[], input = ""): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--conditions=@lockframe/source", main, ...args]);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
    child.stdin.end(input);
  });
}

test("--version is the version", async () => {
  expect(await command(["--version"])).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
});

test("errors go to stderr with code and hint, and become the exit status", async () => {
  const outcome = await command(["qemu", "-machine", "confidential-guest-support=pv0", "-kernel", "x"]);
  expect(outcome).toEqual({
    status: 1,
    stdout: "",
    stderr:
      "lockframe: LF-QEMU-008: -machine confidential-guest-support=pv0: Device 'pv0' not found\n" +
      "hint: Add `-object s390-pv-guest,id=pv0`.\n",
  });
});

test("wrong usage is status 2", async () => {
  expect(await command(["run"])).toMatchObject({ status: 2, stdout: "" });
});

test("shell completion: a script, profiles of run, options of qemu, verbs", async () => {
  const script = await command(["completion", "bash"]);
  expect(script).toMatchObject({ status: 0, stdout: expect.stringContaining("lockframe complete --") });
  expect((await command(["complete", "--", "run", "z16"])).stdout).toContain("z16-pvm\tmachine profile");
  expect((await command(["complete", "--", "qemu", "--nog"])).stdout).toContain("--nographic\t");
  expect((await command(["complete", "--", "gen"])).stdout).toContain("genprotimg\t");
});
