/** IPL information block of type 5 (PV): tells DIAGNOSE 308 where the SE header and the components are. */
import { FieldReader, FieldWriter, hex, PAGE_SIZE } from "./bytes.ts";
import { ImageError } from "./image-error.ts";
import type { ImageLayout } from "./image-layout.ts";

/** Offset of the first component entry. */
const COMPONENTS_AT = 0x88;
const COMPONENT_SIZE = 24;
/** An IPIB takes at most one page. */
export const IPIB_MAX_SIZE = PAGE_SIZE;
export const IPIB_MAX_COMPONENTS = Math.floor((IPIB_MAX_SIZE - COMPONENTS_AT) / COMPONENT_SIZE);
/** IPL parameter block type "PV". */
const PBT_PV = 5;

/** One run of pages to unpack. */
export interface IpibComponent {
  /** First 8 bytes of the tweak of each page. */
  readonly tweakPrefix: bigint;
  /** Guest absolute address; in an image file also the offset. */
  readonly address: number;
  /** Padded size, a multiple of 4096. */
  readonly length: number;
}

export interface Ipib {
  /** Total length as the block says. */
  readonly length: number;
  /** Guest absolute address of the SE header; 0 when stage3a is to fill it in. */
  readonly headerAddress: number;
  /** Size of the SE header; 0 when stage3a is to fill it in. */
  readonly headerSize: number;
  readonly components: readonly IpibComponent[];
}

/** Size of an IPIB with that many components. */
export function ipibSize(componentCount: number): number {
  return COMPONENTS_AT + COMPONENT_SIZE * componentCount;
}

/** True when the bytes look like an IPIB of type PV; the rest is for {@link parseIpib}. */
export function looksLikeIpib(bytes: Uint8Array): boolean {
  if (bytes.length < ipibSize(1)) return false;
  const reader = new FieldReader(bytes, "IPL information block");
  const length = reader.u32(0x00);
  const count = reader.u32(0x74);
  const isPv = reader.u8(0x07) === 1 && reader.u8(0x0c) === PBT_PV;
  return isPv && count > 0 && length <= IPIB_MAX_SIZE && ipibSize(count) <= length;
}

/**
 * Takes an IPIB apart. `bytes` may go on after it.
 *
 * @param base file offset of `bytes[0]`, for messages.
 * @throws LF-IMAGE-001 truncated, LF-IMAGE-020 not of type PV, -021 length, -022 number of components,
 *   -023 alignment, -024 tweak prefixes not increasing, -025 component size, -026 address beyond 2^53.
 */
export function parseIpib(bytes: Uint8Array, base = 0): Ipib {
  const reader = new FieldReader(bytes, "IPL information block", base);
  const length = reader.u32(0x00);
  if (reader.u8(0x0c) !== PBT_PV) {
    throw new ImageError(
      "LF-IMAGE-020",
      `the IPL information block is of type ${reader.u8(0x0c)}, not 5 (PV)`,
      {
        offset: base + 0x0c,
      },
    );
  }
  const count = reader.u32(0x74);
  if (length > IPIB_MAX_SIZE || length < ipibSize(0)) {
    throw new ImageError(
      "LF-IMAGE-021",
      `the IPL information block claims ${hex(length)} bytes; ${hex(ipibSize(1))} to 0x1000 are possible`,
      { offset: base },
    );
  }
  if (count === 0 || ipibSize(count) > length) {
    throw new ImageError(
      "LF-IMAGE-022",
      `the IPL information block claims ${count} components; its ${hex(length)} bytes hold ${Math.floor((length - COMPONENTS_AT) / COMPONENT_SIZE)}, and at least one is needed`,
      { offset: base + 0x74 },
    );
  }
  return {
    length,
    headerAddress: toNumber(reader, 0x78, "the address of the SE header"),
    headerSize: toNumber(reader, 0x80, "the size of the SE header"),
    components: parseComponents(reader, count),
  };
}

function parseComponents(reader: FieldReader, count: number): IpibComponent[] {
  const components: IpibComponent[] = [];
  let previous = -1n;
  for (let n = 0; n < count; n++) {
    const at = COMPONENTS_AT + n * COMPONENT_SIZE;
    const offset = reader.base + at;
    const tweakPrefix = reader.u64(at);
    const address = toNumber(reader, at + 8, `the address of component ${n}`);
    const length = toNumber(reader, at + 16, `the length of component ${n}`);
    if (address % PAGE_SIZE !== 0) {
      const message = `component ${n} starts at ${hex(address)}, which is not a page boundary`;
      throw new ImageError("LF-IMAGE-023", message, { offset: offset + 8 });
    }
    if (tweakPrefix <= previous) {
      const message = `the tweak prefix ${hex(tweakPrefix, 16)} of component ${n} is not above that of the one before`;
      throw new ImageError("LF-IMAGE-024", message, { offset });
    }
    if (length === 0 || length % PAGE_SIZE !== 0) {
      const message = `component ${n} is ${hex(length)} bytes long; whole pages are wanted, at least one`;
      throw new ImageError("LF-IMAGE-025", message, { offset: offset + 16 });
    }
    previous = tweakPrefix;
    components.push({ tweakPrefix, address, length });
  }
  return components;
}

function toNumber(reader: FieldReader, at: number, what: string): number {
  const value = reader.u64(at);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new ImageError("LF-IMAGE-026", `${what} is ${hex(value)}, beyond any storage`, {
    offset: reader.base + at,
  });
}

/**
 * Builds an IPIB. The older C tool fills a page, and leaves the address of the header to stage3a and the version
 * of the block at 0.
 *
 * @throws LF-IMAGE-022 when no or too many components are given.
 */
export function buildIpib(input: {
  components: readonly IpibComponent[];
  headerAddress: number;
  headerSize: number;
  layout: ImageLayout;
}): Uint8Array {
  const count = input.components.length;
  if (count === 0 || count > IPIB_MAX_COMPONENTS) {
    throw new ImageError(
      "LF-IMAGE-022",
      `${count} components were given; 1 to ${IPIB_MAX_COMPONENTS} are possible`,
    );
  }
  const isPvimg = input.layout === "pvimg";
  const size = isPvimg ? ipibSize(count) : IPIB_MAX_SIZE;
  const writer = new FieldWriter(size)
    .u32(0x00, size)
    .u8(0x07, 1)
    .u32(0x08, ipibSize(count) - 8)
    .u8(0x0c, PBT_PV)
    .u8(0x6f, isPvimg ? 1 : 0)
    .u32(0x74, count)
    .u64(0x78, isPvimg ? BigInt(input.headerAddress) : 0n)
    .u64(0x80, BigInt(input.headerSize));
  input.components.forEach((component, n) => {
    const at = COMPONENTS_AT + n * COMPONENT_SIZE;
    writer
      .u64(at, component.tweakPrefix)
      .u64(at + 8, BigInt(component.address))
      .u64(at + 16, BigInt(component.length));
  });
  return writer.bytes;
}
