import fc from "fast-check";
import { expect, test } from "vitest";
import { planDirectBoot, type BootPlan } from "./direct-boot.ts";

const MIB = 2 ** 20;
const STORAGE = 64 * MIB;

/** A file of `size` bytes with marks in it. */
function file(size: number, marks: Readonly<Record<number, string | readonly number[]>> = {}): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [at, mark] of Object.entries(marks)) {
    bytes.set(typeof mark === "string" ? new TextEncoder().encode(mark) : mark, Number(at));
  }
  return bytes;
}

const linux = (size = 0x20000, marks = {}): Uint8Array => file(size, { 0x10008: "S390EP", ...marks });

/** Storage after a plan. */
function apply(plan: BootPlan): DataView {
  const storage = new Uint8Array(STORAGE).fill(0xee);
  for (const { address, bytes, zeros } of plan.segments) {
    storage.set(bytes, address);
    storage.fill(0, address + bytes.length, address + bytes.length + zeros);
  }
  return new DataView(storage.buffer);
}

function text(storage: DataView, at: number): string {
  const bytes = new Uint8Array(storage.buffer, at, 4096);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function elf(options: {
  bits?: 32 | 64;
  order?: number;
  machine?: number;
  type?: number;
  entry?: number;
  segments?: {
    real: number;
    virtual?: number;
    length: number;
    span?: number;
    type?: number;
    flags?: number;
  }[];
}): Uint8Array {
  const wide = options.bits !== 32;
  const rows = options.segments ?? [{ real: 0x10000, length: 16 }];
  const [headerSize, rowSize] = wide ? [64, 56] : [52, 32];
  const dataAt = headerSize + rows.length * rowSize;
  const bytes = new Uint8Array(dataAt + rows.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  const little = options.order === 1;
  const word = (at: number, value: number): void =>
    wide ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, options.order ?? 2, 1]);
  view.setUint16(16, options.type ?? 2, little);
  view.setUint16(18, options.machine ?? 22, little);
  word(24, options.entry ?? 0x10000);
  word(wide ? 32 : 28, headerSize);
  view.setUint16(wide ? 56 : 44, rows.length, little);
  let at = dataAt;
  rows.forEach(({ real, virtual, length, span, type, flags }, i) => {
    const row = headerSize + i * rowSize;
    view.setUint32(row, type ?? 1, little);
    view.setUint32(row + (wide ? 4 : 24), flags ?? 5, little);
    const fields = [at, virtual ?? real, real, length, span ?? length];
    fields.forEach((value, field) => word(row + (wide ? 8 + field * 8 : 4 + field * 4), value));
    bytes.fill(i + 1, at, at + length);
    at += length;
  });
  return bytes;
}

const code = (value: string): unknown => expect.objectContaining({ code: value });
const boot = (kernel: Uint8Array, options = {}): BootPlan =>
  planDirectBoot({ kernel, storageSize: STORAGE, ...options });

test("a raw Linux kernel starts at 10000 in 64-bit mode, with its command line and initial RAM disk", () => {
  const initrd = file(5000, { 0: "070701" });
  const plan = boot(linux(), { initrd, append: "console=ttysclp0 ro" });
  expect(plan.kind).toBe("linux");
  expect(plan.psw).toEqual({ mask: 0x180000000n, address: 0x10000n });
  expect(plan.ineffective).toEqual([]);
  const storage = apply(plan);
  expect(text(storage, 0x10480)).toBe("console=ttysclp0 ro");
  expect(storage.getBigUint64(0x10408)).toBe(0x800000n);
  expect(storage.getBigUint64(0x10410)).toBe(5000n);
  expect(text(storage, 0x800000)).toBe("070701");
});

test("a kernel without command line gets an empty one", () => {
  expect(text(apply(boot(linux(0x20000, { 0x10480: "built in" }))), 0x10480)).toBe("");
});

test("the command line is limited by what the kernel says, else by 896", () => {
  expect(() => boot(linux(), { append: "x".repeat(896) })).toThrow(
    expect.objectContaining({
      code: "LF-BOOT-006",
      message: "kernel command line exceeds maximum size: 897 > 896",
    }),
  );
  expect(() => boot(linux(), { append: "x".repeat(895) })).not.toThrow();
  const roomy = linux(0x20000, { 0x10430: [0, 0, 0, 0, 0, 0, 0x10, 0] });
  expect(() => boot(roomy, { append: "x".repeat(4095) })).not.toThrow();
  expect(() => boot(roomy, { append: "x".repeat(4096) })).toThrow(code("LF-BOOT-006"));
});

test("an image that ends before the command line has none, and says so", () => {
  expect(boot(linux(0x10480 + 4), { append: "long" }).ineffective).toEqual(["append"]);
  expect(boot(linux(0x10480 + 5), { append: "long" }).ineffective).toEqual([]);
  expect(boot(linux(0x10417), { initrd: file(1) }).ineffective).toEqual(["initrd"]);
});

test("the initial RAM disk leaves a mebibyte above the kernel", () => {
  const placed = (size: number): bigint =>
    apply(boot(linux(size), { initrd: file(1) })).getBigUint64(0x10408);
  expect(placed(7 * MIB)).toBe(0x800000n);
  expect(placed(7 * MIB + 1)).toBe(0x900000n);
  expect(placed(20 * MIB)).toBe(BigInt(21 * MIB));
  expect(() => boot(linux(), { initrd: file(57 * MIB) })).toThrow(code("LF-BOOT-007"));
  expect(() => boot(linux(), { initrd: file(56 * MIB) })).not.toThrow();
});

test("other raw programs start at the address of their short PSW", () => {
  const program = file(0x12000, { 0: [0, 8, 0, 0, 0x80, 0, 0x20, 0] });
  const plan = boot(program, { append: "lost", initrd: file(1) });
  expect([plan.kind, plan.psw.address, plan.ineffective]).toEqual(["program", 0x2000n, ["append"]]);
  const atLinux = boot(file(0x12000, { 0: [0, 8, 0, 0, 0x80, 1, 0, 0] }), { append: "seen" });
  expect([atLinux.kind, atLinux.ineffective]).toEqual(["linux", []]);
});

test("ELF segments go to their physical addresses, with zeros behind", () => {
  for (const bits of [32, 64] as const) {
    const plan = boot(
      elf({
        bits,
        entry: 0x10000,
        segments: [
          { real: 0x10000, length: 8, span: 16 },
          { real: 0x3000, length: 4 },
        ],
      }),
    );
    const storage = apply(plan);
    expect([0x10000, 0x10007, 0x10008, 0x1000f, 0x10010, 0x3003].map((at) => storage.getUint8(at))).toEqual([
      1, 1, 0, 0, 0xee, 2,
    ]);
    expect([plan.kind, plan.psw.address]).toEqual(["linux", 0x10000n]);
  }
});

test("an ELF entry can be virtual, and that of old kernels is corrected", () => {
  const moved = elf({ entry: 0x7f000010, segments: [{ real: 0x20000, virtual: 0x7f000000, length: 64 }] });
  expect(boot(moved).psw.address).toBe(0x20010n);
  const data = elf({ entry: 0x20, segments: [{ real: 0x20000, virtual: 0, length: 64, flags: 6 }] });
  expect(boot(data).psw.address).toBe(0x20n);
  expect(boot(elf({ entry: 0x800, segments: [{ real: 0, length: 0x11000 }] })).psw.address).toBe(0x10000n);
});

test("kernels for other machines are refused by the name of the machine", () => {
  const refused = (kernel: Uint8Array): string => {
    try {
      boot(kernel);
    } catch (error) {
      if (error instanceof Error) return `${(error as { code?: string }).code} ${error.message}`;
    }
    return "accepted";
  };
  expect(refused(file(0x1000, { 0x1fe: [0x55, 0xaa], 0x202: "HdrS" }))).toMatch(/LF-BOOT-001 .*x86/);
  expect(refused(file(0x1000, { 0: "MZ", 0x38: "ARM\x64" }))).toMatch(/LF-BOOT-001 .*ARM64/);
  expect(refused(file(0x1000, { 0x30: "RISCV" }))).toMatch(/LF-BOOT-001 .*RISC-V/);
  expect(refused(file(0x1000, { 0: "MZ", 0x3c: [0x80], 0x80: "PE\0\0", 0x84: [0x64, 0x62] }))).toMatch(
    /LoongArch/,
  );
  expect(refused(elf({ machine: 62, order: 1 }))).toMatch(/LF-BOOT-001 .*x86-64/);
  expect(refused(elf({ machine: 21 }))).toMatch(/LF-BOOT-001 .*PowerPC/);
  expect(refused(elf({ order: 1 }))).toMatch(/LF-BOOT-001 .*little-endian/);
  expect(refused(file(0x1000, { 0: [0x1f, 0x8b, 8] }))).toMatch(/LF-BOOT-002 .*gzip/);
});

test("what is no kernel at all is refused", () => {
  for (const junk of [
    file(0),
    file(7),
    file(4096),
    file(4096, { 0: "#!/bin/sh\n" }),
    file(4096, { 0: [0, 8, 0, 0, 0x80, 0, 0x20, 0] }), // starts behind its end
    file(0x3000, { 0: [0, 8, 0, 0, 0x80, 0, 0x20, 1] }), // starts at an odd address
    file(0x3000, { 0: [0, 0, 0, 0, 0x80, 0, 0x20, 0] }), // bit 12 is zero
  ]) {
    expect(() => boot(junk)).toThrow(code("LF-BOOT-004"));
  }
});

test("ELF files that are no complete executable are refused", () => {
  const whole = elf({ segments: [{ real: 0x10000, length: 100 }] });
  for (const broken of [
    ...[4, 51, 60, 100, whole.length - 1].map((length) => whole.subarray(0, length)),
    elf({ type: 1 }),
    elf({ segments: [] }),
    elf({ segments: [{ real: 0, length: 8, type: 2 }] }),
    elf({ segments: [{ real: 0, length: 8, span: 4 }] }),
  ]) {
    expect(() => boot(broken)).toThrow(code("LF-BOOT-003"));
  }
});

test("a kernel larger than storage is refused, zeros counted", () => {
  expect(() => planDirectBoot({ kernel: linux(2 * MIB), storageSize: MIB })).toThrow(code("LF-BOOT-005"));
  expect(() => boot(elf({ segments: [{ real: STORAGE - 8, length: 8 }] }))).not.toThrow();
  expect(() => boot(elf({ segments: [{ real: STORAGE - 8, length: 8, span: 9 }] }))).toThrow(
    code("LF-BOOT-005"),
  );
});

test("a Secure Execution image of either builder is recognised, and leaves other options without effect", () => {
  const psw = [0, 8, 0, 1, 0x80, 1, 0x10, 0];
  for (const marks of [{ 0xc000: "SeImgLnx" }, { 0x14000: "IBMSecEx" }, { 0x29000: "IBMSecEx" }]) {
    const plan = boot(file(0x40000, { 0: psw, ...marks }), { append: "quiet", initrd: file(10) });
    expect(plan.kind).toBe("secure-execution");
    expect(plan.psw).toEqual({ mask: 0x180000000n, address: 0x11000n });
    expect(plan.ineffective).toEqual(["initrd", "append"]);
    expect(plan.segments).toHaveLength(1);
  }
  expect(boot(file(0x40000, { 0: psw, 0x14001: "IBMSecEx" })).kind).toBe("program");
});

test("no file makes planning fail other than by name", () => {
  const start = fc.constantFrom([], [0x7f, 0x45, 0x4c, 0x46, 2, 2, 1], [0x7f, 0x45, 0x4c, 0x46, 1, 2, 1]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), fc.boolean(), (head, tail, s390) => {
      const kernel = Uint8Array.from([...head, ...tail]);
      if (s390 && kernel.length > 20) kernel.set([0, 2, 0, 22], 16);
      try {
        boot(kernel, { append: "x", initrd: file(10) });
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^LF-BOOT-/) });
      }
    }),
    { numRuns: 500 },
  );
});
