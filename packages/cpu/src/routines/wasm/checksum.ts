/** CHECKSUM in WebAssembly. Source: Principles of Operation, "General Instructions". */
import { I32, I64 } from "@lockframe/instructions";
import { Emitter, load } from "../../lower/emitter.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { CPU_DETERMINED, ExtentRegisters, PARTIAL } from "./extents.ts";

const I = I32.of;

/**
 * (cpu, R1, R2) -> condition code or -1: 0 done, 3 not yet. The sum is of 64 bits and its carries are added at the
 * end, which gives what adding each at once gives.
 */
export function defineChecksum(module: ModuleBuilder, runtime: Runtime): number {
  const index = module.declare("checksum", ["i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  const operand = new ExtentRegisters(e, state, e.parameter32(2), 64);
  const result = e.local32(state.add(e.parameter32(1).shl(3)));
  const sum = e.local64(load.i32(result.value, at.gr).unsigned64());
  const count = e.local32();
  // Registers change at the end; until then `operand` is at the piece that is being added.
  const total = e.local32(CPU_DETERMINED);
  e.if(operand.length.value.ltU(total.value.unsigned64()), () => e.set(total, operand.length.value.low32()));
  const left = e.local32(total.value);
  const start = e.local64(operand.address.value);
  const add = (value: I64) => e.set(sum, sum.value.add(value));
  e.loop((again) => {
    e.if(left.value, () => {
      e.set(count, operand.here().value);
      e.if(left.value.ltU(count.value), () => e.set(count, left.value));
      e.if(
        count.value.ltU(4),
        () => {
          // A word across the end of a page, or the last bytes with zeros to their right.
          e.set(count, left.value.ltU(4).select(left.value, I(4)));
          const address = operand.address.value;
          const word = e.call64(runtime.fetchSlow, state, address, count.value, operand.number);
          e.if(load.i32(state, at.event), () => e.return(I(-1)));
          add(word.shl(I64.of(32).sub(count.value.shl(3).unsigned64())));
        },
        () => {
          e.set(count, count.value.and(~3));
          const { address, number } = operand;
          const host = e.localOffset(emitLocate(e, runtime, state, address.value, Access.fetch, number));
          e.if(host.value.isZero(), () => e.return(I(-1)));
          const end = e.localOffset(host.value.sub(count.value));
          e.if(count.value.and(4), () => {
            add(load.i32(host.value.sub(3)).unsigned64());
            e.set(host, host.value.sub(4));
          });
          e.loop((more) => {
            e.if(host.value.gtU(end.value), () => {
              const two = e.local64(load.i64(host.value.sub(7)));
              add(two.value.shrU(32).add(two.value.and(0xffff_ffff)));
              e.set(host, host.value.sub(8));
              more();
            });
          });
        },
      );
      operand.advance(count.value);
      e.set(left, left.value.sub(count.value));
      again();
    });
  });
  const fold = () => e.set(sum, sum.value.shrU(32).add(sum.value.and(0xffff_ffff)));
  fold();
  fold();
  e.set(operand.address, start.value);
  operand.consume(total.value);
  e.store("i64_32", result.value, at.gr, sum.value);
  e.emit(operand.length.value.eq(0).select(I(0), I(PARTIAL)).node);
  module.define(index, e.body);
  return index;
}
