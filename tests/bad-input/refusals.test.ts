/** What a person can get wrong: each is refused by name, before anything runs and with nothing left behind. */
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { tinyGuest } from "@lockframe/testkit";
import { lockframe } from "lockframe/testing";
import { afterAll, expect, test } from "vitest";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { newHostKey, sealTinyGuest } from "../support/sealed-tiny-guest.ts";

const folder = new ScratchFolder();
afterAll(() => folder[Symbol.dispose]());
const hostKey = newHostKey();
const pem = hostKey.export({ type: "pkcs8", format: "pem" }).toString();
const kernel = folder.write("kernel", tinyGuest());
const keyFile = folder.write("host.key", pem);
const image = await sealTinyGuest(hostKey);
const imageFile = folder.write("secure.img", image);

/** Enough of an ELF file to be recognised as one for that machine. */
function elfFor(machine: number, littleEndian: boolean): Uint8Array {
  const file = new Uint8Array(0x20000);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, littleEndian ? 1 : 2, 1]);
  view.setUint16(16, 2, littleEndian);
  view.setUint16(18, machine, littleEndian);
  return file;
}
const X86_64 = 62;
const S390 = 22;
const foreign = folder.write("x86", elfFor(X86_64, true));
const elf = folder.write("elf", elfFor(S390, false));
const bzImage = new Uint8Array(0x20000);
new DataView(bzImage.buffer).setUint16(0x1fe, 0xaa55, true);
bzImage.set(Buffer.from("HdrS"), 0x202);
const bootSector = folder.write("bzImage", bzImage);
mkdirSync(folder.at("directory"));

/** Files of 1 KiB that claim to be, or to need, 4 GiB. */
const KIB = 1024;
const FOUR_GIB = 1n << 32n;
function elfClaiming(sizeInFile: bigint, sizeInStorage: bigint): Uint8Array {
  const file = elfFor(S390, false).subarray(0, KIB);
  const view = new DataView(file.buffer);
  view.setBigUint64(24, 0x10000n); // entry
  view.setBigUint64(32, 64n); // place of the program headers
  view.setUint16(54, 56); // size of one
  view.setUint16(56, 1); // their number
  view.setUint32(64, 1); // a segment to be loaded
  view.setBigUint64(64 + 24, 0x10000n); // at this address
  view.setBigUint64(64 + 32, sizeInFile);
  view.setBigUint64(64 + 40, sizeInStorage);
  return file;
}
const largeSegment = folder.write("claims-file.elf", elfClaiming(FOUR_GIB, FOUR_GIB));
const largeStorage = folder.write("claims-storage.elf", elfClaiming(16n, FOUR_GIB));
const header = image.slice(0x14000, 0x14000 + KIB);
new DataView(header.buffer).setUint32(0x0c, 0xffff_ffff);
const largeHeader = folder.write("claims-header.hdr", header);

const refused: readonly (readonly [args: readonly string[], code: string])[] = [
  [["qemu", "-kernel", folder.at("missing")], "LF-CLI-004"],
  [["qemu", "-kernel", folder.at("directory")], "LF-CLI-004"],
  [["qemu", "-kernel", kernel, "-initrd", folder.at("missing")], "LF-CLI-004"],
  [["qemu", "-kernel", folder.write("empty", "")], "LF-BOOT-004"],
  [["qemu", "-kernel", folder.write("text", "What is this?\n".repeat(9000))], "LF-BOOT-004"],
  [["qemu", "-kernel", foreign], "LF-BOOT-001"],
  [["qemu", "-kernel", bootSector], "LF-BOOT-001"],
  [["qemu", "-kernel", elf], "LF-BOOT-003"],
  [["qemu", "-kernel", largeSegment], "LF-BOOT-003"],
  [["qemu", "-kernel", largeStorage], "LF-BOOT-005"],
  [["run", largeHeader], "LF-IMAGE-012"],
  [["image", "info", largeHeader], "LF-IMAGE-012"],
  [["image", "info", folder.write("1k.img", image.subarray(0, KIB))], "LF-IMAGE-010"],
  [["qemu", "-kernel", folder.at("1k.img")], "LF-BOOT-004"],
  [["qemu", "-kernel", kernel, "-m", "0"], "LF-QEMU-004"],
  [["qemu", "-kernel", kernel, "-m", "17T"], "LF-QEMU-004"],
  [["qemu", "-kernel", kernel, "-m", "16G"], "LF-QEMU-004"],
  [["qemu", "-kernel", kernel, "-m", "16383M"], "LF-MEMORY-003"],
  [["qemu", "-kernel", kernel, "-m", "much"], "LF-QEMU-003"],
  [["qemu", "-kernel", kernel, "-smp", "0"], "LF-QEMU-005"],
  [["qemu", "-kernel", kernel, "-smp", "249"], "LF-QEMU-005"],
  [["qemu", "-kernel", folder.write("large", new Uint8Array(0x20_0000)), "-m", "1M"], "LF-CLI-005"],
  [["qemu", "-kernel", kernel, "-initrd", folder.at("large"), "-m", "8M"], "LF-BOOT-007"],
  [["qemu", "-kernel", kernel, "-append", "x".repeat(897)], "LF-BOOT-006"],
  [["run", imageFile, "--host-key", folder.at("missing")], "LF-IMAGE-070"],
  [["run", imageFile, "--host-key", folder.write("open.key", pem, 0o644)], "LF-KEY-003"],
  [["run", imageFile, "--host-key", folder.write("no.key", "secret")], "LF-KEY-004"],
];

test.for(refused)("%j", async ([args, code]) => {
  const outcome = await lockframe(args);
  expect(outcome).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining(`: ${code}: `) });
});

test.skipIf(process.getuid?.() === 0)("a file that may not be read (skipped for the superuser)", async () => {
  const secret = folder.write("unreadable", tinyGuest());
  chmodSync(secret, 0o000);
  const outcome = await lockframe(["qemu", "-kernel", secret]);
  expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining("LF-CLI-004") });
});

// Nobody but the Ultravisor can find these out.

const protectedMachine = [
  "-machine",
  "s390-ccw-virtio,confidential-guest-support=pv0",
  "-object",
  "s390-pv-guest,id=pv0",
  "-nographic",
  "-m",
  "64M",
  "--host-key",
  keyFile,
  "--timeout",
  "20s",
];

test("an image for another host", async () => {
  const other = folder.write("other.img", await sealTinyGuest(newHostKey()));
  const outcome = await lockframe(["qemu", ...protectedMachine, "-kernel", other]);
  expect(outcome).toMatchObject({ status: 5, stderr: expect.stringContaining("LF-UV-113") });
});

test.for([
  ["plain-text", { pcf: 1n }, "LF-UV-112"],
  ["secret", { scf: 1n }, "LF-UV-116"],
] as const)("an image with a %s control flag that nobody knows", async ([name, flags, code]) => {
  const odd = folder.write(`${name}.img`, await sealTinyGuest(hostKey, flags));
  const outcome = await lockframe(["qemu", ...protectedMachine, "-kernel", odd]);
  expect(outcome).toMatchObject({ status: 5, stderr: expect.stringContaining(code) });
});

test.for([
  [0x8, "LF-BOOT-004"],
  [0xd000, "LF-IMAGE-042"],
  [0x11800, "LF-IMAGE-042"],
  [0x14100, "LF-IMAGE-042"],
  [0x20000, "LF-IMAGE-042"],
  [image.length - 1, "LF-IMAGE-001"],
] as const)("an image cut to %i bytes", async ([length, code]) => {
  const file = folder.write(`cut-${length}.img`, image.subarray(0, length));
  const outcome = await lockframe(["qemu", ...protectedMachine, "-kernel", file]);
  expect(outcome).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining(`: ${code}: `) });
});

// The builder of images.

test.for([
  ["an ELF file", ["-i", elf], "LF-IMAGE-050"],
  ["a kernel of another architecture", ["-i", bootSector], "LF-IMAGE-051"],
  ["a kernel that is not there", ["-i", folder.at("missing")], "LF-IMAGE-07"],
  ["a RAM disk that is not there", ["-i", kernel, "-r", folder.at("missing")], "LF-IMAGE-07"],
  [
    "a command line that is too long",
    ["-i", kernel, "-p", folder.write("long", "x".repeat(897))],
    "LF-IMAGE-052",
  ],
  ["no host key document", ["-i", kernel, "-k", kernel], "LF-"],
] as const)("genprotimg and %s", async ([, args, code]) => {
  const { certificate } = await hostKeyDocument();
  const output = folder.at("refused.img");
  const before = readdirSync(folder.path);
  const keys = args.includes("-k") ? [] : ["-k", certificate];
  const outcome = await lockframe(["genprotimg", ...args, ...keys, "--no-verify", "-o", output]);
  expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining(`: ${code}`) });
  expect(existsSync(output)).toBe(false);
  expect(readdirSync(folder.path)).toEqual(before);
});

let document: Promise<{ certificate: string }> | undefined;
function hostKeyDocument(): Promise<{ certificate: string }> {
  document ??= (async () => {
    const outcome = await lockframe(["host-key", "create", "-d", folder.path, "-n", "made"]);
    expect(outcome.status).toBe(0);
    return { certificate: folder.at("made.crt") };
  })();
  return document;
}
