import { type BlockRun, POINTER_BYTES, type PointerForm } from "./block-pointer.ts";
import type { BlockReader } from "./block-reader.ts";
import { failure } from "./loader-error.ts";

/** Something that a disk offers to start: what to load where, and how it is started. */
export interface Program {
  /** In this order, later ones over earlier ones. */
  readonly pieces: readonly ProgramPiece[];
  /** `psw`: the short PSW to be loaded; `image`: a kernel image, which says itself where it begins. */
  readonly start: { readonly kind: "psw"; readonly psw: Uint8Array } | { readonly kind: "image" };
}

/** Bytes of a medium and their place in storage. */
export interface ProgramPiece {
  readonly address: number;
  readonly length: number;
  /** @throws LoaderError LF-IPL-003 unreadable */
  read(): Uint8Array;
}

/** Tables and how their pointers are written. */
export interface TableForm {
  readonly reader: BlockReader;
  readonly pointer: PointerForm;
  readonly storageSize: number;
}

const MAGIC = new TextEncoder().encode("zIPL");
const COMPONENT = 32;
const TYPE_AT = 23;
const DATA_AT = 24;
const componentType = { execute: 1, load: 2, signature: 3 } as const;
const headerType = { ipl: 0 } as const;
/** Entries that a program table has room for. */
const MOST_ENTRIES = 31;
/** Blocks that are read at once. */
const READ_BYTES = 0x100000;

export function hasMagic(bytes: Uint8Array, at: number): boolean {
  return MAGIC.every((byte, i) => bytes[at + i] === byte);
}

/** The program table: where the components of each entry are listed. Entry 0 is the default. */
export class ProgramTable {
  readonly #form: TableForm;
  readonly #tables = new Map<number, BlockRun>();

  /** @throws LoaderError LF-IPL-002, LF-IPL-003, LF-IPL-010 */
  constructor(form: TableForm, at: BlockRun | undefined) {
    this.#form = form;
    if (at === undefined) throw failure.notBootable("the boot record names no program table");
    checkBlockSize(at, form.reader);
    const bytes = form.reader.read(at.block, "the program table");
    if (!hasMagic(bytes, 0)) throw failure.noMagic("the program table");
    const view = new DataView(bytes.buffer);
    for (let n = 0; n < MOST_ENTRIES && (n + 2) * POINTER_BYTES <= bytes.length; n++) {
      const run = form.pointer(view, (n + 1) * POINTER_BYTES);
      if (run !== undefined) this.#tables.set(n, run);
    }
  }

  /** Numbers of the entries that exist. */
  get entries(): readonly number[] {
    return [...this.#tables.keys()];
  }

  /** @throws LoaderError LF-IPL-011 no such entry, others for what is wrong with its components */
  program(entry: number): Program {
    const run = this.#tables.get(entry);
    if (run === undefined) throw failure.noEntry(entry, this.entries);
    return readComponents(this.#form, run);
  }
}

/** A component table: what to load, and last the PSW. */
function readComponents(form: TableForm, at: BlockRun): Program {
  const { reader } = form;
  checkBlockSize(at, reader);
  const bytes = reader.read(at.block, "a component table");
  const view = new DataView(bytes.buffer);
  if (!hasMagic(bytes, 0)) throw failure.noMagic("a component table");
  if (bytes[4] !== headerType.ipl) throw failure.dump();
  const pieces: ProgramPiece[] = [];
  let total = 0;
  for (let entry = COMPONENT; entry + COMPONENT <= bytes.length; entry += COMPONENT) {
    const type = bytes[entry + TYPE_AT];
    if (type === componentType.execute)
      return { pieces, start: { kind: "psw", psw: bytes.slice(entry + DATA_AT, entry + DATA_AT + 8) } };
    if (type === componentType.load) {
      for (const piece of readSegments(form, form.pointer(view, entry), view.getBigUint64(entry + DATA_AT))) {
        if ((total += piece.length) > form.storageSize) throw failure.tooMuch(form.storageSize);
        pieces.push(piece);
      }
    } else if (type !== componentType.signature) throw failure.badComponent(`has an entry of type ${type}`);
  }
  throw failure.badComponent("does not say where to begin");
}

/** Segments of one component, one after the other in storage. */
function* readSegments(
  form: TableForm,
  first: BlockRun | undefined,
  address: bigint,
): Generator<ProgramPiece> {
  const { reader, storageSize } = form;
  if (address > BigInt(storageSize)) throw failure.doesNotFit(Number(address), 0, storageSize);
  let to = Number(address);
  for (const run of segmentRuns(form, first)) {
    checkBlockSize(run, reader);
    reader.check(run.block, run.count, "a segment");
    const length = run.count * reader.blockSize;
    if (to + length > storageSize) throw failure.doesNotFit(to, length, storageSize);
    const step = Math.max(1, Math.floor(READ_BYTES / reader.blockSize));
    for (let done = 0; done < run.count; done += step) {
      const count = Math.min(step, run.count - done);
      yield {
        address: to + done * reader.blockSize,
        length: count * reader.blockSize,
        read: () => reader.read(run.block + done, "a segment", count),
      };
    }
    to += length;
  }
}

/**
 * Pointers of a list of segments. The last place in a block, and one that is followed by filler, points to the block in
 * which the list goes on.
 */
function* segmentRuns(form: TableForm, first: BlockRun | undefined): Generator<BlockRun> {
  const { reader, pointer } = form;
  const visited = new Set<number>();
  for (let list = first; list !== undefined;) {
    checkBlockSize(list, reader);
    if (visited.has(list.block)) throw failure.listLoops();
    visited.add(list.block);
    const bytes = reader.read(list.block, "a list of segments");
    const view = new DataView(bytes.buffer);
    const last = bytes.length - POINTER_BYTES;
    let next: BlockRun | undefined;
    for (let at = 0; at <= last; at += POINTER_BYTES) {
      const run = pointer(view, at);
      if (run === undefined) return;
      if (run.count === 1 && (at === last || isFiller(bytes, at + POINTER_BYTES))) {
        next = run;
        break;
      }
      yield run;
    }
    list = next;
  }
}

const FILLER = 0xaa;

function isFiller(bytes: Uint8Array, at: number): boolean {
  return bytes.subarray(at, at + 8).every((byte) => byte === FILLER);
}

function checkBlockSize({ blockSize }: BlockRun, reader: BlockReader): void {
  if (blockSize !== undefined && blockSize !== reader.blockSize)
    throw failure.otherBlockSize(blockSize, reader.blockSize);
}
