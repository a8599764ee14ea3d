import { decodeEbcdic, encodeEbcdic } from "@lockframe/architecture";

/**
 * IPL parameter blocks, as DIAGNOSE 308 sets and stores them. Sources: QEMU include/hw/s390x/ipl/qipl.h,
 * Linux arch/s390/include/uapi/asm/ipl.h.
 */

/** Parameter block types, at byte 12. */
export const parameterBlockType = {
  fcp: 0x00,
  ccw: 0x02,
  eckd: 0x03,
  nvme: 0x04,
  protected: 0x05,
  qemuScsi: 0xff,
} as const;

/** Longest block. */
export const LONGEST_BLOCK = 4096;

const HEADER = 8;
const TYPE_AT = 0x0c;
const FLAGS_AT = 0x0d;
const LOAD_PARAMETER_AT = 0x10;
const LOAD_PARAMETER_VALID = 0x80;
const SUBCHANNEL_SET_AT = 0x6d;
const DEVICE_NUMBER_AT = 0x6e;
const COMPONENT_COUNT_AT = 0x74;
const HEADER_ADDRESS_AT = 0x78;
const HEADER_SIZE_AT = 0x80;
const COMPONENTS_AT = 0x88;
const COMPONENT_SIZE = 24;
const LONGEST_SE_HEADER = 8192n;
const SHORTEST = { fcp: 384, ccw: 200, protected: 148 } as const;
const PAGE_MASK = 0xfffn;

/** An IPL parameter block: a copy of its bytes, with names for what all blocks have. */
export class IplParameterBlock {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** @param bytes at least 16 of them */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice();
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Length that the block states, as far as there are bytes. */
  get length(): number {
    return Math.min(this.#view.getUint32(0), this.bytes.length);
  }

  get type(): number {
    return this.#view.getUint8(TYPE_AT);
  }

  /** 8 characters; undefined: the block gives none. */
  get loadParameter(): string | undefined {
    if ((this.#view.getUint8(FLAGS_AT) & LOAD_PARAMETER_VALID) === 0) return undefined;
    return decodeEbcdic(this.bytes.subarray(LOAD_PARAMETER_AT, LOAD_PARAMETER_AT + 8)).replace(/\0.*$/s, "");
  }

  /** Device of a CCW or FCP block. */
  get device(): { readonly subchannelSet: number; readonly number: number } | undefined {
    const hasDevice = this.type === parameterBlockType.ccw || this.type === parameterBlockType.fcp;
    if (!hasDevice || this.bytes.length < DEVICE_NUMBER_AT + 2) return undefined;
    return {
      subchannelSet: this.#view.getUint8(SUBCHANNEL_SET_AT),
      number: this.#view.getUint16(DEVICE_NUMBER_AT),
    };
  }

  /** Whether DIAGNOSE 308 subcode 5 accepts the block. */
  get isSettable(): boolean {
    if (this.type === parameterBlockType.fcp) return this.length >= SHORTEST.fcp;
    return this.type === parameterBlockType.ccw && this.length >= SHORTEST.ccw;
  }

  /**
   * Why DIAGNOSE 308 subcode 8 does not accept the block; undefined if it does: type PV, an SE header of at most two
   * pages within storage, at least one component, all on page boundaries, tweak prefixes ascending.
   */
  protectionFault(storageSize: number): string | undefined {
    const view = this.#view;
    if (this.type !== parameterBlockType.protected) return `it is of type ${this.type}, not 5`;
    if (this.length < SHORTEST.protected) return `it has ${this.length} bytes`;
    const headerAddress = view.getBigUint64(HEADER_ADDRESS_AT);
    const headerSize = view.getBigUint64(HEADER_SIZE_AT);
    if (headerSize > LONGEST_SE_HEADER) return "the SE header is longer than two pages";
    if (headerAddress + headerSize > BigInt(storageSize)) return "the SE header lies outside of storage";
    const count = view.getUint32(COMPONENT_COUNT_AT);
    if (count === 0) return "it names no components";
    if (COMPONENTS_AT + count * COMPONENT_SIZE > this.length) return `it has no room for ${count} components`;
    let previous = -1n;
    for (let n = 0; n < count; n++) {
      const at = COMPONENTS_AT + n * COMPONENT_SIZE;
      const tweakPrefix = view.getBigUint64(at);
      if ((view.getBigUint64(at + 8) & PAGE_MASK) !== 0n)
        return `component ${n} does not start on a page boundary`;
      if (tweakPrefix <= previous) return "the tweak prefixes of the components do not ascend";
      previous = tweakPrefix;
    }
    return undefined;
  }
}

/** Block for IPL from a device with channel programs, as the machine itself makes it for a boot device. */
export function ccwParameterBlock(device: {
  readonly subchannelSet: number;
  readonly number: number;
  readonly loadParameter: string;
}): IplParameterBlock {
  const bytes = new Uint8Array(SHORTEST.ccw);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(HEADER, bytes.length - HEADER);
  view.setUint8(TYPE_AT, parameterBlockType.ccw);
  view.setUint8(FLAGS_AT, LOAD_PARAMETER_VALID);
  bytes.set(encodeEbcdic(device.loadParameter.padEnd(8).slice(0, 8)), LOAD_PARAMETER_AT);
  view.setUint8(SUBCHANNEL_SET_AT, device.subchannelSet);
  view.setUint16(DEVICE_NUMBER_AT, device.number);
  return new IplParameterBlock(bytes);
}
