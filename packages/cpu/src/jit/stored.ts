/** What the last store left: a fetch of these bytes, or of some of them, is the value that was stored. */
import { type I32, I64, type Node, type Statement } from "@lockframe/instructions";
import type { Understood } from "./meanings.ts";
import { registerUse } from "./registers.ts";
import { type Place, placeOf } from "./windows.ts";

/** A store of some bytes that nothing came after that might change them, or their address. */
export interface Stored {
  readonly place: Place;
  readonly size: 1 | 2 | 4 | 8;
  /** The value's type is one of 64 bits. */
  readonly isWide: boolean;
}

interface Operand {
  readonly address: Node;
  readonly size: 1 | 2 | 4 | 8 | 16;
  readonly value: Node;
}

/** What is known before each of some instructions, and behind the last one; `first`: before all of them. */
export function storedBefore(
  instructions: readonly Understood[],
  first?: Stored | undefined,
): (Stored | undefined)[] {
  const known = [first];
  instructions.forEach((instruction, n) => known.push(storedAfter(instruction, known[n])));
  return known;
}
/** Those that are asked for, of what is known before each of some instructions. */
export function askedFor(
  instructions: readonly Understood[],
  known: readonly (Stored | undefined)[],
): ReadonlySet<Stored | undefined> {
  const asked = new Set<Stored | undefined>();
  instructions.forEach(({ recording }, n) => {
    const stored = known[n];
    const asks = (s: Statement) =>
      s.kind === "fetch" && stored !== undefined && bytesBehind(stored, s.address, s.size) !== undefined;
    if (stored !== undefined && recording.statements.some(asks)) asked.add(stored);
  });
  return asked;
}
function storedAfter({ recording }: Understood, before: Stored | undefined): Stored | undefined {
  const { statements, effects } = recording;
  const { written } = registerUse(recording);
  const simple = statements.every(({ kind }) => kind === "let" || kind === "fetch" || kind === "guard");
  if (!simple || effects.some(({ kind }) => kind === "when" || kind === "execute")) return undefined;
  const stores = effects.filter((e) => e.kind === "store");
  const stored = stores.length === 0 ? before : stores.length === 1 ? storedBy(stores[0]) : undefined;
  return stored?.place.registers.some((n) => written & (1 << n)) ? undefined : stored;
}
function storedBy(e: Operand | undefined): Stored | undefined {
  const place = e && placeOf(e.address, 0);
  return e === undefined || place === undefined || e.size === 16
    ? undefined
    : { place, size: e.size, isWide: e.value.type === "i64" };
}

/** How many bytes are behind those of an operand, of what was stored; undefined when it is not of these. */
export function bytesBehind(stored: Stored, address: Node, size: number): number | undefined {
  const place = placeOf(address, 0);
  if (place?.name !== stored.place.name || place.displacement < stored.place.displacement) return undefined;
  const behind = stored.place.displacement + stored.size - (place.displacement + size);
  return behind < 0 ? undefined : behind;
}

/** Bytes of a value, without those behind them: 64 bits for eight bytes, otherwise 32, the left ones of them zero. */
export function bytesOf(value: I32 | I64, behind: number, size: number): I32 | I64 {
  if (value instanceof I64) {
    const shifted = value.shrU(8 * behind);
    return size === 8 ? shifted : lowest(shifted.low32(), size);
  }
  return lowest(value.shrU(8 * behind), size);
}
const lowest = (value: I32, size: number): I32 => (size === 4 ? value : value.and(2 ** (8 * size) - 1));
