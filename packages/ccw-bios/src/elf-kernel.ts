import { BootError } from "./boot-error.ts";
import { elfArchitecture } from "./foreign-kernel.ts";

/** A run of bytes of a kernel, and zeros behind them. */
export interface Segment {
  /** Absolute address. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** How many bytes behind them are to be zero. */
  readonly zeros: number;
}

export interface ElfKernel {
  /** Absolute address of the first instruction. */
  readonly entry: number;
  readonly segments: readonly Segment[];
}

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const BIG_ENDIAN = 2;
const S390 = 22;
const EXECUTABLE = 2;
const POSITION_INDEPENDENT = 3;
const LOADABLE = 1;
const EXECUTE = 0x1;

/** Where the fields of the two classes lie. Source: System V ABI, object files. */
const layouts = {
  32: {
    header: 52,
    entry: 24,
    table: 28,
    count: 44,
    row: 32,
    flags: 24,
    offset: 4,
    virtual: 8,
    real: 12,
    file: 16,
    memory: 20,
  },
  64: {
    header: 64,
    entry: 24,
    table: 32,
    count: 56,
    row: 56,
    flags: 4,
    offset: 8,
    virtual: 16,
    real: 24,
    file: 32,
    memory: 40,
  },
} as const;

export function isElf(file: Uint8Array): boolean {
  return file.length >= 4 && new DataView(file.buffer, file.byteOffset).getUint32(0) === MAGIC;
}

/**
 * Take an ELF executable for this machine apart: its loadable segments at their physical addresses.
 * @throws BootError LF-BOOT-001 for another architecture, LF-BOOT-003 no complete executable
 */
export function parseElf(file: Uint8Array): ElfKernel {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < layouts[32].header) throw broken("it ends within its header");
  const wide = view.getUint8(4) === CLASS_64;
  const layout = layouts[wide ? 64 : 32];
  const bigEndian = view.getUint8(5) === BIG_ENDIAN;
  const machine = view.getUint16(18, !bigEndian);
  if (machine !== S390 || !bigEndian) throw forAnother(elfArchitecture(machine), bigEndian);
  const type = view.getUint16(16);
  if (type !== EXECUTABLE && type !== POSITION_INDEPENDENT)
    throw broken(`it is of type ${type}, no executable`);
  if (file.length < layout.header) throw broken("it ends within its header");

  const word = (at: number): number => (wide ? Number(view.getBigUint64(at)) : view.getUint32(at));
  const table = word(layout.table);
  const count = view.getUint16(layout.count);
  if (table + count * layout.row > file.length) throw broken("it ends within its program headers");
  let entry = word(layout.entry);
  const segments: Segment[] = [];
  for (let row = table; row < table + count * layout.row; row += layout.row) {
    const offset = word(row + layout.offset);
    const virtual = word(row + layout.virtual);
    const real = word(row + layout.real);
    const length = word(row + layout.file);
    const span = word(row + layout.memory);
    if (view.getUint32(row) !== LOADABLE || span === 0) continue;
    if (length > span || offset + length > file.length) throw broken("it ends within a segment");
    // An entry given as a virtual address is one within an executable segment that lies elsewhere in storage.
    const executable = (view.getUint32(row + layout.flags) & EXECUTE) !== 0;
    if (executable && word(layout.entry) >= virtual && word(layout.entry) < virtual + length) {
      entry = word(layout.entry) - virtual + real;
    }
    segments.push({ address: real, bytes: file.subarray(offset, offset + length), zeros: span - length });
  }
  if (segments.length === 0) throw broken("it has nothing to load");
  return { entry, segments };
}

function broken(what: string): BootError {
  return new BootError("LF-BOOT-003", `the kernel is not a complete ELF executable: ${what}`);
}

function forAnother(architecture: string, bigEndian: boolean): BootError {
  const order = architecture === "s390" && !bigEndian ? " of little-endian byte order" : "";
  return new BootError(
    "LF-BOOT-001",
    `the kernel is for ${architecture}${order}, not for s390x`,
    "give an s390x kernel",
  );
}
