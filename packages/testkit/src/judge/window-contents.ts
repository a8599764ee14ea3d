import { backgroundOf, type StorageBytes, type Window, windows, windowSize } from "./case.ts";

/** The three windows' bytes, in the order of `windows`. */
export type WindowContents = readonly Uint8Array[];

const backgrounds = windows.map(backgroundOf);

/** Window that holds all of [address, address + length), if one does. */
export function windowAt(address: bigint, length: number): Window | undefined {
  return windows.find(
    (window) => address >= window.address && address + BigInt(length) <= window.address + BigInt(window.size),
  );
}

/** The windows with background and then the given storage laid over it. */
export function contentsWith(storage: readonly StorageBytes[]): WindowContents {
  const contents = backgrounds.map((bytes) => bytes.slice());
  for (const { address, bytes } of storage) {
    const window = windowAt(address, bytes.length);
    if (window === undefined) {
      throw new RangeError(
        `a case names storage outside the windows: 0x${address.toString(16)}, ${bytes.length} bytes`,
      );
    }
    contents[windows.indexOf(window)]?.set(bytes, Number(address - window.address));
  }
  return contents;
}

/** The doublewords that differ between two states of the windows, by rising address. */
export function changesBetween(before: WindowContents, after: WindowContents): StorageBytes[] {
  const changes: StorageBytes[] = [];
  windows.forEach((window, index) => {
    const old = before[index];
    const now = after[index];
    if (old === undefined || now === undefined || Buffer.compare(old, now) === 0) {
      return;
    }
    for (let offset = 0; offset < windowSize; offset += 8) {
      const bytes = now.subarray(offset, offset + 8);
      if (Buffer.compare(old.subarray(offset, offset + 8), bytes) !== 0) {
        changes.push({ address: window.address + BigInt(offset), bytes: bytes.slice() });
      }
    }
  });
  return changes;
}

/** The same storage in separate pieces by rising address, none overlapping or touching another. */
export function flattened(storage: readonly StorageBytes[]): StorageBytes[] {
  const contents = contentsWith(storage);
  const pieces: StorageBytes[] = [];
  for (const { address, bytes } of storage.toSorted((a, b) => Number(a.address - b.address))) {
    const last = pieces.at(-1);
    const end = last === undefined ? -1n : last.address + BigInt(last.bytes.length);
    const length = Number(address - (last?.address ?? 0n)) + bytes.length;
    if (last !== undefined && address <= end && windowAt(last.address, length) !== undefined) {
      pieces[pieces.length - 1] = { ...last, bytes: new Uint8Array(Math.max(length, last.bytes.length)) };
    } else {
      pieces.push({ address, bytes: new Uint8Array(bytes.length) });
    }
  }
  return pieces.map(({ address, bytes: { length } }) => {
    const index = windows.findIndex((window) => window === windowAt(address, length));
    const offset = Number(address - (windows[index]?.address ?? 0n));
    return { address, bytes: contents[index]?.slice(offset, offset + length) ?? new Uint8Array() };
  });
}
