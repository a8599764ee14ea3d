/**
 * IPL parameter block of type 5: where SE header and components of an image lie in guest storage. Sources:
 * Linux arch/s390/include/uapi/asm/ipl.h; the acceptance rules are those of DIAGNOSE 308 subcode 8 in QEMU.
 */
import { PAGE_SIZE } from "@lockframe/memory";

export interface ImageComponent {
  /** First 8 bytes of the tweaks of its pages. */
  readonly tweakPrefix: bigint;
  /** Absolute address of its first page. */
  readonly address: number;
  /** Number of its pages. */
  readonly pageCount: number;
}

export interface ProtectedIplBlock {
  readonly headerAddress: number;
  readonly headerSize: number;
  readonly components: readonly ImageComponent[];
}

const PROTECTED = 5;
const BLOCK_TYPE_AT = 0x0c;
const COMPONENT_COUNT_AT = 0x74;
const HEADER_ADDRESS_AT = 0x78;
const HEADER_SIZE_AT = 0x80;
const COMPONENTS_AT = 0x88;
const COMPONENT_SIZE = 24;
const SHORTEST = 148;

/** Take a block apart; undefined if DIAGNOSE 308 subcode 8 would refuse it. */
export function parseProtectedIplBlock(bytes: Uint8Array): ProtectedIplBlock | undefined {
  if (bytes.length < SHORTEST) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0);
  const count = view.getUint32(COMPONENT_COUNT_AT);
  const headerSize = view.getBigUint64(HEADER_SIZE_AT);
  const fits =
    length >= SHORTEST &&
    length <= Math.min(PAGE_SIZE, bytes.length) &&
    count !== 0 &&
    COMPONENTS_AT + COMPONENT_SIZE * count <= length;
  if (!fits || view.getUint8(BLOCK_TYPE_AT) !== PROTECTED || headerSize > 2n * BigInt(PAGE_SIZE))
    return undefined;

  const components: ImageComponent[] = [];
  for (let n = 0; n < count; n++) {
    const component = parseComponent(view, COMPONENTS_AT + COMPONENT_SIZE * n);
    const before = components.at(-1);
    if (component === undefined || (before !== undefined && component.tweakPrefix <= before.tweakPrefix))
      return undefined;
    components.push(component);
  }
  return {
    headerAddress: Number(view.getBigUint64(HEADER_ADDRESS_AT)),
    headerSize: Number(headerSize),
    components,
  };
}

function parseComponent(view: DataView, at: number): ImageComponent | undefined {
  const address = view.getBigUint64(at + 8);
  const size = view.getBigUint64(at + 16);
  if (address % BigInt(PAGE_SIZE) !== 0n) return undefined;
  return {
    tweakPrefix: view.getBigUint64(at),
    address: Number(address),
    pageCount: Math.ceil(Number(size) / PAGE_SIZE),
  };
}
