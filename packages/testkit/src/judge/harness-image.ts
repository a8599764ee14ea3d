import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const sourcePath = fileURLToPath(new URL("harness.s", import.meta.url));

/** Where the program is linked to and begins; `harness.s` knows it. */
const origin = 0x0100_0000n;
/** Bytes of the segment: the program, the results and the signal stack. */
const segmentSize = 0x2_0000n;
/** The segment's place in the file: a page, so that it can be mapped. */
const segmentOffset = 0x1000;

/** The judge's program as a static s390x ELF executable. */
export function harnessImage(): Uint8Array {
  const program = assemble();
  const file = Buffer.alloc(segmentOffset + program.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]); // 64 bits, big-endian
  file.writeUInt16BE(2, 16); // executable
  file.writeUInt16BE(22, 18); // S/390
  file.writeUInt32BE(1, 20);
  file.writeBigUInt64BE(origin, 24); // entry
  file.writeBigUInt64BE(64n, 32); // program headers
  file.writeUInt16BE(64, 52);
  file.writeUInt16BE(56, 54);
  file.writeUInt16BE(1, 56);
  file.writeUInt32BE(1, 64); // loadable
  file.writeUInt32BE(7, 68); // read, write, execute
  file.writeBigUInt64BE(BigInt(segmentOffset), 72);
  file.writeBigUInt64BE(origin, 80);
  file.writeBigUInt64BE(origin, 88);
  file.writeBigUInt64BE(BigInt(program.length), 96);
  file.writeBigUInt64BE(segmentSize, 104);
  file.writeBigUInt64BE(0x1000n, 112);
  file.set(program, segmentOffset);
  return file;
}

function assemble(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-harness-"));
  try {
    const object = join(folder, "harness.o");
    const binary = join(folder, "harness.bin");
    execFileSync("s390x-linux-gnu-as", ["-march=z196", "-mzarch", "-o", object, sourcePath]);
    execFileSync("s390x-linux-gnu-objcopy", ["-O", "binary", "-j", ".text", object, binary]);
    return readFileSync(binary);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
