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
