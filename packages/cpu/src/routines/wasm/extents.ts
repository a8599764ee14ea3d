/** What WebAssembly routines on long operands share: operands in registers, bytes to the end of a page, byte search. */
import { I32, type I64 } from "@lockframe/instructions";
import { type Emitter, type Local, load } from "../../lower/emitter.ts";
import { type StorageOffset, memoryOf } from "../../lower/storage-offset.ts";
import { cpu as at } from "../../state.ts";

const I = I32.of;
const PAGE = 0x1000;

/** One execution of an interruptible instruction handles at most about so many bytes. */
export const CPU_DETERMINED = 0x10000;
/** Condition code of an execution that has stopped because the CPU chose to. */
export const PARTIAL = 3;

/** Bytes from an address to the end of its page. */
export const pageRoom = (address: I64): I32 => I(PAGE).sub(address.low32().and(PAGE - 1));

/** The smaller of two values; both are computed twice, so hand in locals. */
export const least = <T extends I32 | I64>(a: T, b: T): T =>
  a instanceof I32 ? a.ltU(b as I32).select(a, b) : (a as I64).ltU(b as I64).select(a, b);

/** 1 in the 64-bit addressing mode. */
export const inExtendedMode = (state: I32): I32 => load.i64(state, at.addressMask).eq(-1n);

/** An operand whose address is in a general register; the number of the register is a value. */
export class AddressRegister {
  readonly number: I32;
  readonly address: Local<I64>;
  /** Host offset of the register, less `at.gr`. */
  protected readonly place: Local<I32>;
  protected readonly e: Emitter;
  protected readonly state: I32;

  constructor(e: Emitter, state: I32, number: I32) {
    this.e = e;
    this.state = state;
    this.number = number;
    this.place = e.local32(state.add(number.shl(3)));
    this.address = e.local64(load.i64(this.place.value, at.gr).and(load.i64(state, at.addressMask)));
  }
  /** The address moves to the right and wraps as the addressing mode has it; the register stays. */
  advance(count: I32): void {
    const moved = this.address.value.add(count.unsigned64());
    this.e.set(this.address, moved.and(load.i64(this.state, at.addressMask)));
  }
  /** Into the register; in the 24-bit and 31-bit modes bits 0-31 stay and the unused bits to their right become zero. */
  storeAddress(): void {
    const { e } = this;
    e.if(
      inExtendedMode(this.state),
      () => e.store("i64", this.place.value, at.gr, this.address.value),
      () => e.store("i64_32", this.place.value, at.gr, this.address.value),
    );
  }
}

/** An operand in an even-odd pair: address, then length. */
export class ExtentRegisters extends AddressRegister {
  readonly length: Local<I64>;
  readonly #bits: 24 | 64;

  /** Length of 24 bits (MVCL, CLCL), or as wide as the addressing mode says (32 or 64 bits). */
  constructor(e: Emitter, state: I32, number: I32, bits: 24 | 64) {
    super(e, state, number);
    this.#bits = bits;
    const whole = e.local64(load.i64(this.place.value, at.gr + 8));
    this.length = whole;
    if (bits === 24) e.set(whole, whole.value.and(0xff_ffff));
    else e.if(inExtendedMode(state).isZero(), () => e.set(whole, whole.value.and(0xffff_ffff)));
  }
  /** Padding byte beside a length of 24 bits. */
  padding(): I32 {
    return load.u8(this.place.value, at.gr + 8 + 3);
  }
  /** Bytes that the operand has on the page where it stands. */
  here(): Local<I32> {
    const room = this.e.local32(pageRoom(this.address.value));
    this.e.if(this.length.value.ltU(room.value.unsigned64()), () =>
      this.e.set(room, this.length.value.low32()),
    );
    return room;
  }
  /** `count` bytes have been handled: the registers say so at once. */
  consume(count: I32): void {
    this.advance(count);
    this.e.set(this.length, this.length.value.sub(count.unsigned64()));
    this.storeAddress();
    this.#storeLength();
  }
  #storeLength(): void {
    const { e, place } = this;
    if (this.#bits === 24) {
      const kept = load.i32(place.value, at.gr + 8).and(0xff00_0000 | 0);
      e.store("i32", place.value, at.gr + 8, kept.or(this.length.value.low32()));
      return;
    }
    e.if(
      inExtendedMode(this.state),
      () => e.store("i64", place.value, at.gr + 8, this.length.value),
      () => e.store("i64_32", place.value, at.gr + 8, this.length.value),
    );
  }
}

/** A byte in all eight places of a doubleword. */
export const repeated = (byte: I32): I64 => byte.and(0xff).unsigned64().mul(0x0101_0101_0101_0101n);

/** The leftmost bit of every byte that is zero, exactly. */
export function zeroBytes(e: Emitter, value: I64): Local<I64> {
  const x = e.local64(value);
  const low = 0x7f7f_7f7f_7f7f_7f7fn;
  e.set(x, x.value.and(low).add(low).or(x.value).or(low).not());
  return x;
}

/** Offset of the first of `length` bytes from host offset `host` leftwards that equals the byte in `pattern`; `length` if none does. */
export function offsetOfByte(e: Emitter, host: StorageOffset, length: I32, pattern: I64): Local<I32> {
  const n = e.local32(0);
  e.block((found) => {
    e.loop((again) => {
      e.if(n.value.add(8).leU(length), () => {
        const hits = zeroBytes(e, load.i64(host.sub(n.value).sub(7)).xor(pattern));
        e.if(hits.value.ne(0), () => {
          e.set(n, n.value.add(hits.value.clz().low32().shrU(3)));
          found();
        });
        e.set(n, n.value.add(8));
        again();
      });
    });
    e.loop((again) => {
      e.if(n.value.ltU(length), () => {
        e.if(load.u8(host.sub(n.value)).eq(pattern.low32().and(0xff)), found);
        e.set(n, n.value.add(1));
        again();
      });
    });
  });
  return n;
}

/** A number of bytes, as wide as an offset. */
const emitCount = (e: Emitter, { type }: StorageOffset, count: I32): void =>
  e.emit((type === "i64" ? count.unsigned64() : count).node);

/** Copies `length` bytes; both offsets are those of the leftmost (highest) byte. Overlap is handled as if nothing overlapped. */
export function copyBytes(e: Emitter, to: StorageOffset, from: StorageOffset, length: I32): void {
  e.emit(to.sub(length).add(1).node);
  e.emit(from.sub(length).add(1).node);
  emitCount(e, to, length);
  e.code.copy(memoryOf(to.node));
}

export function fillBytes(e: Emitter, to: StorageOffset, byte: I32, length: I32): void {
  e.emit(to.sub(length).add(1).node);
  e.emit(byte.node);
  emitCount(e, to, length);
  e.code.fill(memoryOf(to.node));
}
