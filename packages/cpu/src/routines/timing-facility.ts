/**
 * PERFORM TIMING FACILITY FUNCTION without steering: the TOD clock runs at the rate of the physical clock, at an offset
 * that SET CLOCK changes. Source: Principles of Operation, "TOD-Clock Steering".
 */
import { programInterruption } from "@lockframe/architecture";
import type { TodClock } from "../clock.ts";
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import type { HostRoutine } from "./host.ts";

/** Functions above it change the clock, which only the supervisor may ask for. */
const CONTROL_FUNCTIONS = 0x40;
const MUST_BE_ZERO = 0x80;
const NOT_AVAILABLE = 3;

type Query = (clock: TodClock) => Uint8Array;

function doublewords(...values: bigint[]): Uint8Array {
  const block = new Uint8Array(8 * values.length);
  const view = new DataView(block.buffer);
  values.forEach((value, n) => view.setBigUint64(8 * n, BigInt.asUintN(64, value)));
  return block;
}

/** Parameter blocks by function code. */
const queries: ReadonlyMap<number, Query> = new Map<number, Query>([
  // QAF: a bit for each function code.
  [0, () => doublewords(availability(), 0n)],
  // QTO: physical clock, TOD offset, logical TOD offset, TOD epoch difference.
  [1, (clock) => doublewords(clock.physical(), clock.offset, clock.offset, 0n)],
  // QSI: physical clock; start, base offset and rates of the old episode and of the new one.
  [2, (clock) => doublewords(clock.physical(), 0n, clock.offset, 0n, 0n, clock.offset, 0n)],
  // QPT: physical clock.
  [3, (clock) => doublewords(clock.physical())],
  // QUI: nothing is known without a time server.
  [4, () => new Uint8Array(256)],
]);
const availability = (): bigint =>
  [...queries.keys()].reduce((bits, code) => bits | (1n << BigInt(63 - code)), 0n);

/** Function in general register 0, address of the parameter block in 1. CC: 0 performed, 3 not available. */
export const performTimingFacility =
  (clock: TodClock): HostRoutine =>
  (cpu: Cpu) => {
    const code = cpu.grLow(0) & 0xff;
    if (code & MUST_BE_ZERO) throw new ProgramInterruption(programInterruption.specification);
    if (code >= CONTROL_FUNCTIONS && cpu.problemState)
      throw new ProgramInterruption(programInterruption.privilegedOperation);
    const query = queries.get(code);
    if (query === undefined) return NOT_AVAILABLE;
    cpu.storeBytes(cpu.gr(1) & cpu.addressMask, query(clock), 1);
    return 0;
  };
