/**
 * MOVE WITH OPTIONAL SPECIFICATIONS in WebAssembly, as operating systems use it between their own space and that of
 * a program: supervisor state, the PSW's key, no access registers. Everything else, and the first use of a space
 * that has no TLB yet, is the host routine's.
 * Source: Principles of Operation, "General Instructions".
 */
import { I32, I64 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import { StorageOffset, offsetType } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, Tlb, TlbContext, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { PARTIAL, copyBytes, inExtendedMode, least, pageRoom } from "./extents.ts";

const I = I32.of;
/** The host routine that does what is not done here; the same arguments. */
export const slowMoveWithOptionalSpecifications = "moveWithOptionalSpecificationsSlow";

const MOST = 0x1000;
const SPACE_SHIFT = 46;
const SPACE_MASK = 3n << 46n;
/** PSW bits: DAT, problem state; CR0 bit 37, the secondary-space control. */
const DAT = 1n << 58n;
const PROBLEM_STATE = 1n << 48n;
const SECONDARY_SPACE_CONTROL = 1 << 26;
const LOW_ADDRESS_PROTECTION = 1 << 28;
const FETCH_OVERRIDE = 1 << 25;
const PRIVATE_SPACE = 0x100;
/** Parts of an operand-access control. */
const KEY_VALID = 2;
const SPACE_VALID = 1;
const AccessRegisterSpace = 1;

export function buildOptionalSpecificationRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
  hostRoutine: (name: string) => number | undefined,
): readonly (readonly [name: string, index: number])[] {
  const slow = hostRoutine(slowMoveWithOptionalSpecifications);
  if (slow === undefined) throw new Error(`${slowMoveWithOptionalSpecifications} is not there`);
  const locateInSpace = defineLocateInSpace(module, runtime);
  return [["moveWithOptionalSpecifications", defineMove(module, runtime, slow, locateInSpace)]];
}

/** Results of `locateInSpace` that are no host offsets. */
const FAULT = 0;
const UNKNOWN = 1;

/**
 * (cpu, address, access, ar, space) -> host offset of the byte; 0 with an event; 1 when the space has no TLB, or lost
 * it on the way: the host has to look. The space is one that the PSW does not name.
 */
function defineLocateInSpace(module: ModuleBuilder, runtime: Runtime): number {
  const index = module.declare(
    "locateInSpace",
    ["i32", "i64", "i32", "i32", "i32"],
    [offsetType(runtime.form)],
  );
  const e = new Emitter(5);
  const state = e.parameter32(0);
  const space = e.parameter32(4);
  const unknown = StorageOffset.of(runtime.form, UNKNOWN);
  const register = space.eq(0).select(I(1), space.eq(2).select(I(7), I(13)));
  const asce = e.local64(load.i64(state.add(register.shl(3)), at.cr));
  const cr0 = load.i32(state, at.cr);
  const shared = e.local32(asce.value.low32().and(PRIVATE_SPACE).isZero());
  const lowAddress = e.local32(cr0.and(LOW_ADDRESS_PROTECTION).ne(0).and(shared.value));
  const override = e.local32(cr0.and(FETCH_OVERRIDE).ne(0).and(shared.value));
  const flags = e.local32(
    load
      .i32(state, at.accessKey)
      .or(TlbContext.inUse | TlbContext.dat)
      .or(lowAddress.value.mul(TlbContext.lowAddressProtection))
      .or(override.value.mul(TlbContext.fetchOverride))
      .or(load.i32(state, at.enhancedDat).mul(TlbContext.enhancedDat))
      .or(load.i32(state, at.storageOverride).mul(TlbContext.storageOverride)),
  );
  const tlb = findTlb(e, state, asce.value, flags.value);
  e.if(tlb.value.isZero(), () => e.return(unknown));

  // As the PSW would have it with the other space, and back again.
  const fields = [
    ["i64", at.pswMask, e.local64(load.i64(state, at.pswMask))],
    ["i64", at.asceData, e.local64(load.i64(state, at.asceData))],
    ["i32", at.tlbRead, e.local32(load.i32(state, at.tlbRead))],
    ["i32", at.tlbWrite, e.local32(load.i32(state, at.tlbWrite))],
    ["i32", at.lowAddressProtection, e.local32(load.i32(state, at.lowAddressProtection))],
    ["i32", at.fetchOverride, e.local32(load.i32(state, at.fetchOverride))],
  ] as const;
  const generation = e.local32(load.i32(state, at.tlbGeneration));
  const otherPsw = load.i64(state, at.pswMask).and(~SPACE_MASK).or(space.unsigned64().shl(SPACE_SHIFT));
  e.store("i64", state, at.pswMask, otherPsw);
  e.store("i64", state, at.asceData, asce.value);
  e.store("i32", state, at.tlbRead, tlb.value.add(Tlb.readOffset));
  e.store("i32", state, at.tlbWrite, tlb.value.add(Tlb.writeOffset));
  e.store("i32", state, at.lowAddressProtection, lowAddress.value);
  e.store("i32", state, at.fetchOverride, override.value);
  const [address, access, ar] = [e.parameter64(1), e.parameter32(2), e.parameter32(3)];
  const host = e.localOffset(emitLocate(e, runtime, state, address, access, ar));
  for (const [type, offset, saved] of fields) e.store(type, state, offset, saved.value);
  // Bringing in a page may have emptied TLBs: what was restored is not good then.
  const same = load.i32(state, at.tlbGeneration).eq(generation.value);
  e.emit(StorageOffset.choose(same, host.value, unknown).node);
  module.define(index, e.body);
  return index;
}

/** Host offset of the TLB context that holds an ASCE for data and instructions with these flags, or 0. */
function findTlb(e: Emitter, state: I32, asce: I64, flags: I32): Local<I32> {
  const tlb = e.local32(0);
  const held = e.local32(state.add(at.tlbContexts));
  const n = e.local32(0);
  e.loop((again) => {
    const same = load
      .i32(held.value, TlbContext.flags)
      .eq(flags)
      .and(load.i64(held.value, TlbContext.asceData).eq(asce))
      .and(load.i64(held.value, TlbContext.asceFetch).eq(asce));
    e.if(
      same,
      () => e.set(tlb, state.add(at.tlbs).add(n.value.mul(Tlb.contextSize))),
      () => {
        e.set(n, n.value.add(1));
        e.set(held, held.value.add(TlbContext.size));
        e.if(n.value.ltU(Tlb.contexts), again);
      },
    );
  });
  return tlb;
}

/** (cpu, first, its AR, second, its AR, R3) -> condition code or -1. */
function defineMove(module: ModuleBuilder, runtime: Runtime, slow: number, locateInSpace: number): number {
  const name = "moveWithOptionalSpecifications";
  const index = module.declare(name, ["i32", "i64", "i32", "i64", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const state = e.parameter32(0);
  const leaveToHost = () => {
    const values = [e.parameter64(1), e.parameter32(2), e.parameter64(3), e.parameter32(4), e.parameter32(5)];
    values.forEach((value, n) =>
      e.store(value instanceof I64 ? "i64" : "i32", state, at.args + 8 * n, value),
    );
    e.return(e.call32(slow, state));
  };
  const psw = e.local64(load.i64(state, at.pswMask));
  const own = e.local32(psw.value.shrU(SPACE_SHIFT).low32().and(3));
  const controls = e.local32(load.i32(state, at.gr));
  const unusual = psw.value.and(DAT | PROBLEM_STATE).ne(DAT);
  e.if(unusual.or(own.value.eq(AccessRegisterSpace)), leaveToHost);
  const key = load.i32(state, at.accessKey); // bits 0-3 of a byte, as the control has it in bits 0-3 of its left byte
  for (const control of [controls.value.shrU(16), controls.value])
    e.if(control.and(KEY_VALID).ne(0).and(control.shrU(8).and(0xf0).ne(key)), leaveToHost);
  const spaceOf = (control: I32): Local<I32> => {
    const named = control.shrU(6).and(3);
    const space = e.local32(control.and(SPACE_VALID).select(named, own.value));
    const secondary = load.i32(state, at.cr).and(SECONDARY_SPACE_CONTROL).isZero().and(space.value.eq(2));
    e.if(space.value.eq(AccessRegisterSpace).or(secondary), leaveToHost);
    return space;
  };
  const firstSpace = spaceOf(controls.value.shrU(16));
  const secondSpace = spaceOf(controls.value);

  const length = e.local64(load.i64(state.add(e.parameter32(5).shl(3)), at.gr));
  e.if(inExtendedMode(state).isZero(), () => e.set(length, length.value.and(0xffff_ffff)));
  const cc = e.local32(length.value.gtU(MOST).select(I(PARTIAL), I(0)));
  const left = e.local32(length.value.gtU(MOST).select(I64.of(MOST), length.value).low32());
  e.if(left.value.isZero(), () => e.return(cc.value));

  const locate = (address: I64, access: number, ar: I32, space: I32): Local<StorageOffset> => {
    const host = e.localOffset(runtime.form);
    e.if(
      space.eq(own.value),
      () => e.set(host, emitLocate(e, runtime, state, address, access, ar)),
      () => {
        e.set(host, e.callOffset(runtime.form, locateInSpace, state, address, I(access), ar, space));
        e.if(host.value.eq(UNKNOWN), leaveToHost);
      },
    );
    e.if(host.value.eq(FAULT), () => e.return(I(-1)));
    return host;
  };
  /** An operand's place now, and where it goes on at the next page. */
  const operand = (address: I64, access: number, ar: I32, space: I32) => {
    const here = locate(address, access, ar, space);
    const room = e.local32(pageRoom(address));
    const next = e.localOffset(StorageOffset.of(runtime.form, 0));
    e.if(room.value.ltU(left.value), () => {
      const beyond = address.and(~0xfffn).add(0x1000).and(load.i64(state, at.addressMask));
      e.set(next, locate(beyond, access, ar, space).value);
    });
    return { here, room, next };
  };
  const source = operand(e.parameter64(3), Access.fetch, e.parameter32(4), secondSpace.value);
  const target = operand(e.parameter64(1), Access.store, e.parameter32(2), firstSpace.value);
  const count = e.local32();
  e.loop((again) => {
    e.set(count, least(source.room.value, target.room.value));
    e.set(count, least(count.value, left.value));
    copyBytes(e, target.here.value, source.here.value, count.value);
    e.set(left, left.value.sub(count.value));
    for (const { here, room, next } of [source, target]) {
      e.set(here, here.value.sub(count.value));
      e.set(room, room.value.sub(count.value));
      e.if(room.value.isZero(), () => {
        e.set(here, next.value);
        e.set(room, I(MOST));
      });
    }
    e.if(left.value, again);
  });
  e.emit(cc.value.node);
  module.define(index, e.body);
  return index;
}
