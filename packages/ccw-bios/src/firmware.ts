import { BootError } from "./boot-error.ts";
import { isElf, parseElf, type Segment } from "./elf-kernel.ts";

/** Boot firmware, such as `s390-ccw.img`, at its place in storage. */
export interface FirmwarePlan {
  readonly segments: readonly Segment[];
  /** Absolute address of the first instruction. */
  readonly start: number;
}

/** What QEMU keeps free for it, at the end of storage below 2 GiB. */
const LARGEST = 0x300000;
const HIGHEST_END = 0x80000000;
const ALIGNMENT = 0x10000;

const SECTION = { size: 64, type: 4, offset: 24, length: 32 } as const;
const RELOCATIONS_WITH_ADDENDS = 4; // SHT_RELA
const RELOCATION = 24;
const RELATIVE = 12; // R_390_RELATIVE

/**
 * Place boot firmware at the end of storage, as QEMU's s390-ipl device does, and relocate it to there.
 * @throws BootError LF-BOOT-001 for another architecture, -003 broken ELF file, -010 not enough storage for it, -011 no
 *   firmware
 */
export function planFirmware(file: Uint8Array, storageSize: number): FirmwarePlan {
  if (storageSize < LARGEST) {
    throw new BootError(
      "LF-BOOT-010",
      `not enough storage for boot firmware: ${storageSize} bytes, and it needs ${LARGEST}`,
      "give the machine more storage (-m)",
    );
  }
  if (!isElf(file)) throw notFirmware("it is no ELF executable");
  const base = (Math.min(storageSize, HIGHEST_END) - LARGEST) & ~(ALIGNMENT - 1);
  const { entry, segments } = parseElf(file);
  const end = Math.max(...segments.map(({ address, bytes, zeros }) => address + bytes.length + zeros));
  if (end > LARGEST) throw notFirmware(`it would occupy ${end} bytes, more than ${LARGEST}`);
  const placed = segments.map((segment) => ({ ...segment, bytes: segment.bytes.slice() }));
  relocate(file, placed, base);
  return {
    segments: placed.map((segment) => ({ ...segment, address: segment.address + base })),
    start: base + entry,
  };
}

/** Add the place to every address that the firmware keeps of itself. */
function relocate(file: Uint8Array, segments: readonly Segment[], base: number): void {
  for (const [offset, addend] of relativeRelocations(file)) {
    const segment = segments.find(
      ({ address, bytes }) => offset >= address && offset + 8 <= address + bytes.length,
    );
    if (segment === undefined) continue;
    new DataView(segment.bytes.buffer, segment.bytes.byteOffset).setBigUint64(
      offset - segment.address,
      BigInt.asUintN(64, addend + BigInt(base)),
    );
  }
}

function* relativeRelocations(file: Uint8Array): Generator<readonly [number, bigint]> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const table = Number(view.getBigUint64(40));
  const count = view.getUint16(60);
  if (table + count * SECTION.size > file.length) throw notFirmware("it ends within its section headers");
  for (let at = table; at < table + count * SECTION.size; at += SECTION.size) {
    if (view.getUint32(at + SECTION.type) !== RELOCATIONS_WITH_ADDENDS) continue;
    const first = Number(view.getBigUint64(at + SECTION.offset));
    const length = Number(view.getBigUint64(at + SECTION.length));
    if (first + length > file.length) throw notFirmware("it ends within its relocations");
    for (let entry = first; entry + RELOCATION <= first + length; entry += RELOCATION) {
      if (view.getUint32(entry + 12) === RELATIVE)
        yield [Number(view.getBigUint64(entry)), view.getBigInt64(entry + 16)];
    }
  }
}

function notFirmware(what: string): BootError {
  return new BootError(
    "LF-BOOT-011",
    `the file is no boot firmware for this machine: ${what}`,
    "give the s390-ccw.img that comes with QEMU, or `embedded`",
  );
}
