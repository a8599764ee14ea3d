import { readFileSync } from "node:fs";
import { createAssembler } from "@lockframe/assembler";
import { instructions } from "@lockframe/instructions";

const source = new URL("harness.s", import.meta.url);

/** Where the program is linked to and begins; `harness.s` knows it. */
const origin = 0x0100_0000n;
/** Bytes of the segment: the program, the results and the signal stack. */
const segmentSize = 0x2_0000n;
/** The segment's place in the file: a page, so that it can be mapped. */
const segmentOffset = 0x1000;

/** The judge's program as a static s390x ELF executable. */
export function harnessImage(): Uint8Array {
  const text = readFileSync(source, "utf8");
  const { bytes: program } = createAssembler(instructions).assemble({ name: "harness.s", text }, { origin });
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
