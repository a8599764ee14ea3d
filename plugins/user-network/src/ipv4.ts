/** IPv4 addresses as numbers of 32 bits, and the networks that they are in. */

export type Ipv4 = number;

/** Undefined: it is none. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((address, part) => ((address << 8) | Number(part)) >>> 0, 0);
}

export function formatIpv4(address: Ipv4): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

export interface Ipv4Network {
  readonly address: Ipv4;
  readonly mask: Ipv4;
}

/** `ADDRESS`, `ADDRESS/PREFIX` or `ADDRESS/MASK`. Undefined: it is none, or has no room for three addresses. */
export function parseNetwork(text: string): Ipv4Network | undefined {
  const [first = "", second = "24"] = text.split("/");
  const address = parseIpv4(first);
  const mask = second.includes(".") ? parseIpv4(second) : maskOf(Number(second));
  if (address === undefined || mask === undefined || !isMask(mask)) return undefined;
  return { address: (address & mask) >>> 0, mask };
}

function maskOf(prefix: number): Ipv4 | undefined {
  return Number.isInteger(prefix) && prefix >= 8 && prefix <= 28 ? (-1 << (32 - prefix)) >>> 0 : undefined;
}

function isMask(mask: Ipv4): boolean {
  return Array.from({ length: 21 }, (_, more) => maskOf(8 + more)).includes(mask);
}

export function contains({ address, mask }: Ipv4Network, which: Ipv4): boolean {
  return (which & mask) >>> 0 === address;
}

/** Whether one machine elsewhere may have it: no loopback, multicast, broadcast or "this network". */
export function isUnicast(address: Ipv4): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}
