/** Sizes as profiles write them: bytes, or a whole number with a binary unit. */
export const SIZE_PATTERN = /^[1-9][0-9]*(?:KiB|MiB|GiB|TiB)$/;

const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Bytes of a size such as `2GiB`. @throws RangeError when it is none */
export function parseSize(size: string | number): number {
  if (typeof size === "number") return size;
  const factor = units[size.slice(-3)];
  if (!SIZE_PATTERN.test(size) || factor === undefined) throw new RangeError(`${size} is not a size`);
  return Number(size.slice(0, -3)) * factor;
}

/** A size in the largest unit that divides it, for instance `512 MiB`. */
export function formatSize(bytes: number): string {
  const [unit, factor] = Object.entries(units).findLast(
    ([, value]) => bytes >= value && bytes % value === 0,
  ) ?? ["bytes", 1];
  return `${bytes / factor} ${unit}`;
}
