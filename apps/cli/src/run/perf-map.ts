/**
 * Where a guest spent its time, in the form that perf and its kin read as /tmp/perf-PID.map: start and size in hexadecimal,
 * then a name, which is the rest of the line. Addresses are the guest's. A line stands for a function, or without symbols
 * for 256 bytes of code, in which the guest was seen; its name ends with the number of times.
 */
export interface GuestSymbol {
  readonly address: bigint;
  readonly name: string;
}

const BLOCK = 0x100n;
/** No function is larger than this: an address beyond it lies in something that the symbols do not know. */
const LARGEST = 0x4_0000n;
const FUNCTION = /^([0-9a-f]+) [tTwW] (\S+)/;

/** Functions in the order of their addresses; lines of other kinds are passed over. */
export function parseSymbols(text: string): readonly GuestSymbol[] {
  const found: GuestSymbol[] = [];
  for (const line of text.split("\n")) {
    const [, address, name] = FUNCTION.exec(line) ?? [];
    if (address === undefined || name === undefined) continue;
    const at = BigInt(`0x${address}`);
    if (at !== 0n) found.push({ address: at, name });
  }
  return found.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** The map, what was seen most often first. */
export function perfMap(samples: ReadonlyMap<bigint, number>, symbols: readonly GuestSymbol[]): string {
  const places = new Map<bigint, { readonly size: bigint; readonly name: string; count: number }>();
  for (const [address, count] of samples) {
    const { start, size, name } = placeOf(address, symbols);
    const place = places.get(start);
    if (place === undefined) places.set(start, { size, name, count });
    else place.count += count;
  }
  return [...places]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(
      ([start, { size, name, count }]) => `${start.toString(16)} ${size.toString(16)} ${name} (${count})\n`,
    )
    .join("");
}

function placeOf(
  address: bigint,
  symbols: readonly GuestSymbol[],
): { readonly start: bigint; readonly size: bigint; readonly name: string } {
  let [low, high] = [0, symbols.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((symbols[middle]?.address ?? 0n) <= address) low = middle + 1;
    else high = middle;
  }
  const symbol = symbols[low - 1];
  const end = symbols[low]?.address;
  if (symbol !== undefined && address - symbol.address < LARGEST) {
    return {
      start: symbol.address,
      size: (end ?? symbol.address + BLOCK) - symbol.address,
      name: symbol.name,
    };
  }
  const start = address - (address % BLOCK);
  return { start, size: BLOCK, name: `guest ${start.toString(16)}` };
}
