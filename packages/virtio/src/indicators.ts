import type { HostView } from "@lockframe/memory";

/** Where a driver wants to see which queue, or that the configuration, has something for it. */
export interface AdapterIndicators {
  readonly summary: number;
  readonly indicators: number;
  /** The bit of queue 0 among the indicators, counted from the left. */
  readonly firstBit: number;
  /** Interruption subclass. */
  readonly subclass: number;
}

/** Set bits in a byte and give the byte as it was; undefined: it is not shared storage. */
export function setBits(view: HostView, address: number, bits: number): number | undefined {
  if (!view.isDirect(address, 1)) return undefined;
  const before = view.read(address, 1)[0] ?? 0;
  if ((before | bits) !== before) view.write(address, Uint8Array.of(before | bits));
  return before;
}

/** Set bit `index`, counted from the right, of 64 bits. False: they are not shared storage. */
export function setClassicIndicator(view: HostView, address: number, index: number): boolean {
  return setBits(view, address + 7 - (index >> 3), 1 << (index & 7)) !== undefined;
}

/** Set the indicator of a queue, then the summary. @returns whether the adapter is to interrupt; undefined: not shared */
export function setAdapterIndicator(
  view: HostView,
  { summary, indicators, firstBit }: AdapterIndicators,
  queue: number,
): boolean | undefined {
  const bit = firstBit + queue;
  if (setBits(view, indicators + Math.floor(bit / 8), 0x80 >> (bit % 8)) === undefined) return undefined;
  const before = setBits(view, summary, 0x01);
  return before === undefined ? undefined : before === 0;
}
