import { LockframeError } from "@lockframe/architecture";
import { bulkOn, type Bulk } from "./bulk.ts";
import { AddressingError } from "./errors.ts";
import {
  EXCHANGE_PIECE,
  layOut,
  type MemoryType,
  PAGE_SIZE,
  type StorageForm,
  type StorageLayout,
  type StorageOptions,
} from "./layout.ts";
import { GUEST_READY, type PageState, pageStateOf } from "./page-state.ts";
import { StorageKey } from "./storage-key.ts";

/**
 * Told that the state of pages changed that the guest could use directly (below `GUEST_READY`): TLB entries for
 * `count` pages from page number `first` on are stale, unless the new state lets the guest use them as before. A page that
 * becomes usable cannot be in a TLB, so nothing is told then.
 */
export type OwnershipListener = (first: number, count: number, state: PageState) => void;

/** Told before a page changes that is marked as code. */
export type CodeListener = (page: number) => void;

/** Told what the host's side does to storage, before it happens; what programs do is not told. */
export interface StorageObserver {
  changing(abs: number, length: number): void;
  /** Of `count` pages from page number `first` on. */
  changingKeys(first: number, count: number): void;
  changingPageStates(first: number, count: number): void;
}

/** Bytes of storage that follow each other. */
export interface StorageRange {
  readonly address: number;
  readonly length: number;
}

/**
 * Makes a page usable by its guest whose state is not below `GUEST_READY`. False: the page cannot come back
 * and the guest stops; the importer knows why.
 */
export type PageImporter = (page: number) => boolean;

/** Bits of a page's mark. */
const CODE = 1;
const WATCHED = 2;

/** Below this length a loop is cheaper than going through the exchange window. */
const SHORT = 64;

/**
 * Absolute storage of one guest, inside the WebAssembly memory that it shares with the engine, or in one beside it.
 *
 * Storage is kept reversed: the byte at absolute address `a` lies at host offset `top - a`, so that a
 * big-endian access of any size and alignment is one native little-endian access.
 *
 * This class knows no protection. The guest's CPUs test the page states before they use it; everything else
 * goes through a `HostView` or a `GuestView`.
 */
export class Storage implements StorageLayout {
  /** What code imports that is made for this storage: "memory", the engine's, and "storage" if that is another. */
  readonly imports: Readonly<Record<string, WebAssembly.Memory>>;
  /** Guest storage in bytes. */
  readonly size: number;
  readonly form: StorageForm;
  readonly keysBase: number;
  readonly pageStatesBase: number;
  readonly codeMarksBase: number;
  readonly exchangeBase: number;
  readonly exchangeSize: number;
  readonly storageBase: number;
  readonly top: number;
  readonly pageCount: number;
  readonly memories: readonly MemoryType[];
  /** The engine's memory, with keys, states, marks and the exchange window. */
  readonly #engine: Uint8Array;
  readonly #engineView: DataView;
  /** The memory that storage lies in. */
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #bulk: Bulk;
  readonly #listeners = new Set<OwnershipListener>();
  #importer: PageImporter | undefined;
  #codeListener: CodeListener | undefined;
  #codeMarks = 0;
  #observer: StorageObserver | undefined;

  private constructor(
    options: StorageOptions,
    layout: StorageLayout,
    engine: WebAssembly.Memory,
    own = engine,
  ) {
    this.imports = own === engine ? { memory: engine } : { memory: engine, storage: own };
    this.size = options.size;
    this.form = layout.form;
    this.keysBase = layout.keysBase;
    this.pageStatesBase = layout.pageStatesBase;
    this.codeMarksBase = layout.codeMarksBase;
    this.exchangeBase = layout.exchangeBase;
    this.exchangeSize = layout.exchangeSize;
    this.storageBase = layout.storageBase;
    this.top = layout.top;
    this.pageCount = layout.pageCount;
    this.memories = layout.memories;
    this.#engine = new Uint8Array(engine.buffer);
    this.#engineView = new DataView(engine.buffer);
    this.#bytes = own === engine ? this.#engine : new Uint8Array(own.buffer);
    this.#view = own === engine ? this.#engineView : new DataView(own.buffer);
    this.#bulk = bulkOn(engine, own);
  }

  /**
   * Allocate zeroed storage. Host memory is used only for pages that are touched.
   * @throws LockframeError LF-MEMORY-002 to LF-MEMORY-004 (see `layOut`), LF-MEMORY-005 the host has no room
   */
  static create(options: StorageOptions): Storage {
    const layout = layOut(options);
    try {
      const [engine, own] = layout.memories.map(reserve);
      if (engine === undefined) throw new Error("a layout has a memory");
      return new Storage(options, layout, engine, own);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new LockframeError(
        "LF-MEMORY-005",
        `the host cannot provide ${options.size / 0x100000} MiB of guest storage`,
        "give the machine less storage",
        { cause },
      );
    }
  }

  /** The engine's memory, by host offset. In the narrow form storage lies there, too. */
  bytes(): Uint8Array {
    return this.#engine;
  }
  view(): DataView {
    return this.#engineView;
  }

  /** Bytes from a host offset on, in whichever memory they are: of storage or not. */
  part(offset: number, length: number): Uint8Array {
    const memory = offset < this.storageBase ? this.#engine : this.#bytes;
    return memory.subarray(offset, offset + length);
  }
  /** The doubleword of storage that ends with the byte at a host offset plus 7, as its instructions have it. */
  doubleword(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  // --- operands, big-endian -------------------------------------------------------------------------------

  fetch8(abs: number): number {
    this.#check(abs, 1);
    return this.#view.getUint8(this.top - abs);
  }

  fetch16(abs: number): number {
    this.#check(abs, 2);
    return this.#view.getUint16(this.top - 1 - abs, true);
  }

  fetch32(abs: number): number {
    this.#check(abs, 4);
    return this.#view.getUint32(this.top - 3 - abs, true);
  }

  fetch64(abs: number): bigint {
    this.#check(abs, 8);
    return this.#view.getBigUint64(this.top - 7 - abs, true);
  }

  store8(abs: number, value: number): void {
    this.#check(abs, 1);
    this.#changing(abs, 1);
    this.#view.setUint8(this.top - abs, value);
  }

  store16(abs: number, value: number): void {
    this.#check(abs, 2);
    this.#changing(abs, 2);
    this.#view.setUint16(this.top - 1 - abs, value, true);
  }

  store32(abs: number, value: number): void {
    this.#check(abs, 4);
    this.#changing(abs, 4);
    this.#view.setUint32(this.top - 3 - abs, value, true);
  }

  store64(abs: number, value: bigint): void {
    this.#check(abs, 8);
    this.#changing(abs, 8);
    this.#view.setBigUint64(this.top - 7 - abs, value, true);
  }

  // --- byte strings ---------------------------------------------------------------------------------------

  /** A copy of `length` bytes, in guest order. */
  fetch(abs: number, length: number): Uint8Array<ArrayBuffer> {
    this.#check(abs, length); // before anything is allocated
    const target = new Uint8Array(length);
    this.fetchInto(abs, target);
    return target;
  }

  /** Fill `target` with the bytes at `abs`, in guest order. */
  fetchInto(abs: number, target: Uint8Array): void {
    const length = target.length;
    this.#check(abs, length);
    if (length < SHORT) {
      for (let i = 0, at = this.top - abs; i < length; i++, at--) target[i] = this.#bytes[at] ?? 0;
      return;
    }
    this.gather([{ address: abs, length }], target);
  }

  /** Store bytes given in guest order. */
  storeBytes(abs: number, source: Uint8Array): void {
    const length = source.length;
    this.#check(abs, length);
    if (length < SHORT) {
      this.#changing(abs, length);
      for (let i = 0, at = this.top - abs; i < length; i++, at--) this.#bytes[at] = source[i] ?? 0;
      return;
    }
    this.scatter([{ address: abs, length }], source);
  }

  /** Fill `target` with the bytes of ranges, one behind the other, in guest order. */
  gather(ranges: readonly StorageRange[], target: Uint8Array): void {
    for (const { address, length } of ranges) this.#check(address, length);
    let [done, held] = [0, 0];
    if (target.length < SHORT) {
      for (const { address, length } of ranges)
        this.fetchInto(address, target.subarray(done, (done += length)));
      return;
    }
    const empty = (): void => {
      target.set(this.#engine.subarray(this.exchangeBase, this.exchangeBase + held), done);
      [done, held] = [done + held, 0];
    };
    for (const { address, length } of ranges)
      for (let at = 0; at < length;) {
        const count = Math.min(EXCHANGE_PIECE - held, length - at);
        this.#bulk.take(this.exchangeBase + held, this.#lowest(address + at, count), count);
        [at, held] = [at + count, held + count];
        if (held === EXCHANGE_PIECE) empty();
      }
    if (held > 0) empty();
    this.clearExchange(done);
  }

  /** Store bytes given in guest order into ranges, one behind the other. */
  scatter(ranges: readonly StorageRange[], source: Uint8Array): void {
    for (const { address, length } of ranges) this.#check(address, length);
    let done = 0;
    if (source.length < SHORT) {
      for (const { address, length } of ranges)
        this.storeBytes(address, source.subarray(done, (done += length)));
      return;
    }
    for (const { address, length } of ranges) {
      this.#changing(address, length);
      for (let at = 0; at < length;) {
        const held = done % EXCHANGE_PIECE;
        if (held === 0) this.#engine.set(source.subarray(done, done + EXCHANGE_PIECE), this.exchangeBase);
        const count = Math.min(EXCHANGE_PIECE - held, length - at);
        this.#bulk.put(this.#lowest(address + at, count), this.exchangeBase + held, count);
        [at, done] = [at + count, done + count];
      }
    }
    this.clearExchange(done);
  }

  /**
   * Bring at most 64 KiB into the exchange window, in guest order, for code that works on them in place. The
   * window is good until the next call on byte strings; end with `clearExchange`.
   */
  takePiece(abs: number, length: number): Uint8Array {
    this.#checkPiece(abs, length);
    this.#bulk.take(this.exchangeBase, this.#lowest(abs, length), length);
    return this.#engine.subarray(this.exchangeBase, this.exchangeBase + length);
  }

  /** Store what the exchange window holds, at most 64 KiB. */
  putPiece(abs: number, length: number): void {
    this.#checkPiece(abs, length);
    this.#changing(abs, length);
    this.#bulk.put(this.#lowest(abs, length), this.exchangeBase, length);
  }

  /** The window is not guest storage: nothing of a guest may stay in it. */
  clearExchange(length = this.exchangeSize): void {
    this.#engine.fill(0, this.exchangeBase, this.exchangeBase + Math.min(length, this.exchangeSize));
  }

  /** Store `length` times the byte `value`. */
  fill(abs: number, length: number, value: number): void {
    this.#check(abs, length);
    this.#changing(abs, length);
    const low = this.#lowest(abs, length);
    this.#bytes.fill(value, low, low + length);
  }

  /** Whether a page holds zeros only. An untouched page stays untouched. */
  isZeroPage(page: number): boolean {
    this.#checkPages(page, 1);
    return this.#bulk.isZero(this.#lowest(page * PAGE_SIZE, PAGE_SIZE), PAGE_SIZE) === 1;
  }

  /** Make pages zero, touching only those that are not zero already. */
  clearPages(first: number, count: number): void {
    this.#checkPages(first, count);
    for (let page = first; page < first + count; page++)
      if (!this.isZeroPage(page)) this.fill(page * PAGE_SIZE, PAGE_SIZE, 0);
  }

  /** Whether `length` bytes from `abs` on are all within storage. */
  contains(abs: number, length: number): boolean {
    return abs >= 0 && length >= 0 && abs + length <= this.size;
  }

  // --- storage keys ---------------------------------------------------------------------------------------

  /** Key of the page that holds `abs`: see `StorageKey` for its bits. */
  getKey(abs: number): number {
    return this.#engine[this.#keyOf(abs)] ?? 0;
  }

  setKey(abs: number, key: number): void {
    const at = this.#keyOf(abs);
    this.#observer?.changingKeys(at - this.keysBase, 1);
    this.#engine[at] = key & StorageKey.all;
  }

  /** Turn the reference bit on. */
  setReferenced(abs: number): void {
    this.setKey(abs, this.getKey(abs) | StorageKey.reference);
  }

  /** Turn the reference and the change bit on. */
  setChanged(abs: number): void {
    this.setKey(abs, this.getKey(abs) | StorageKey.reference | StorageKey.change);
  }

  /** Turn the reference bit off and return the key as it was. */
  resetReference(abs: number): number {
    const key = this.getKey(abs);
    this.setKey(abs, key & ~StorageKey.reference);
    return key;
  }

  /** All keys zero, as after a clear reset. */
  clearKeys(): void {
    this.#observer?.changingKeys(0, this.pageCount);
    this.#engine.fill(0, this.keysBase, this.keysBase + this.pageCount);
  }

  // --- page ownership -------------------------------------------------------------------------------------

  getPageState(page: number): PageState {
    this.#checkPages(page, 1);
    return pageStateOf(this.#engine[this.pageStatesBase + page] ?? 0);
  }

  /** Set the state of pages, and tell the listeners if the guest could use one of them. */
  setPageStates(first: number, count: number, state: PageState): void {
    this.#checkPages(first, count);
    this.#observer?.changingPageStates(first, count);
    const at = this.pageStatesBase + first;
    const states = this.#engine.subarray(at, at + count);
    const wasReady = states.some((before) => before < GUEST_READY);
    states.fill(state);
    if (wasReady) for (const listener of this.#listeners) listener(first, count, state);
  }

  /** Hear of every ownership change; returns the way to stop. */
  onOwnershipChange(listener: OwnershipListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Who answers `importPage`; undefined when no secure configuration owns the storage. */
  setPageImporter(importer: PageImporter | undefined): void {
    this.#importer = importer;
  }

  /**
   * A guest's CPU wants a page whose state is not below `GUEST_READY`.
   * @returns true: look at the state again, it is ready; false: the guest has been stopped
   */
  importPage(page: number): boolean {
    this.#checkPages(page, 1);
    return this.#importer?.(page) ?? false;
  }

  // --- code marks -----------------------------------------------------------------------------------------

  /** Mark a page from which code is made, or take its mark away. */
  markCode(page: number, marked: boolean): void {
    this.#mark(page, CODE, marked);
  }

  isCode(page: number): boolean {
    this.#checkPages(page, 1);
    return ((this.#engine[this.codeMarksBase + page] ?? 0) & CODE) !== 0;
  }

  /**
   * Watch a page, or leave off. A watched page is like one that is marked as code: a CPU that stores into it, and has no
   * TLB entry for that, says so first.
   */
  watch(page: number, watched: boolean): void {
    this.#mark(page, WATCHED, watched);
  }

  isWatched(page: number): boolean {
    this.#checkPages(page, 1);
    return ((this.#engine[this.codeMarksBase + page] ?? 0) & WATCHED) !== 0;
  }

  /** Turn a bit of a page's mark on or off. */
  #mark(page: number, bit: number, on: boolean): void {
    this.#checkPages(page, 1);
    const at = this.codeMarksBase + page;
    const before = this.#engine[at] ?? 0;
    const after = on ? before | bit : before & ~bit;
    this.#codeMarks += (after === 0 ? 0 : 1) - (before === 0 ? 0 : 1);
    this.#engine[at] = after;
  }

  /**
   * Who is told before a marked page changes. Every change through this class is told of; who changes
   * storage in the memory itself looks at the marks.
   */
  onCodeChange(listener: CodeListener): void {
    this.#codeListener = listener;
  }

  /** Who is told of everything that is done through this class; one at a time. */
  observe(observer: StorageObserver | undefined): void {
    this.#observer = observer;
  }

  #changing(abs: number, length: number): void {
    this.#observer?.changing(abs, length);
    if (this.#codeMarks === 0) return;
    const { first, last } = pagesOf(abs, length);
    for (let page = first; page <= last; page++) {
      if (this.#engine[this.codeMarksBase + page] !== 0) this.#codeListener?.(page);
    }
  }

  // --- checks ---------------------------------------------------------------------------------------------

  /** Lowest host offset of an operand. */
  #lowest(abs: number, length: number): number {
    return this.top + 1 - abs - length;
  }

  #check(abs: number, length: number): void {
    if (!this.contains(abs, length)) throw new AddressingError(abs, length, this.size);
  }

  #checkPiece(abs: number, length: number): void {
    this.#check(abs, length);
    if (length > EXCHANGE_PIECE)
      throw new RangeError(`a piece of ${length} bytes does not fit the exchange window`);
  }

  #checkPages(first: number, count: number): void {
    if (!(first >= 0 && count >= 0 && first + count <= this.pageCount))
      throw new AddressingError(first * PAGE_SIZE, count * PAGE_SIZE, this.size);
  }

  #keyOf(abs: number): number {
    this.#check(abs, 1);
    return this.keysBase + Math.floor(abs / PAGE_SIZE);
  }
}

/** Host memory is taken for what is touched only. @throws RangeError there is no room for it */
function reserve({ address, pages }: MemoryType): WebAssembly.Memory {
  if (address === "i32") return new WebAssembly.Memory({ initial: pages, maximum: pages });
  // Its type declaration does not know of wide addresses yet.
  const descriptor = { address, initial: BigInt(pages), maximum: BigInt(pages) };
  const memory: unknown = Reflect.construct(WebAssembly.Memory, [descriptor]);
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("a memory has been constructed");
  return memory;
}

/** Lowest and highest page number of a byte range; an empty range has no pages (last < first). */
export function pagesOf(abs: number, length: number): { first: number; last: number } {
  const first = Math.floor(abs / PAGE_SIZE);
  return { first, last: length === 0 ? first - 1 : Math.floor((abs + length - 1) / PAGE_SIZE) };
}
