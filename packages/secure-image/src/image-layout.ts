/** Where things stand in a Secure Execution image: one flat file, offset = guest absolute address. */
import { ascii, FieldReader, FieldWriter, hex, sameBytes } from "./bytes.ts";
import { ImageError } from "./image-error.ts";

/**
 * Who laid an image out: `pvimg`, the present tool (metadata block, header first, IPIB last), or `genprotimg`, the
 * older C tool (IPIB and header before the components, command line before the initial RAM disk).
 */
export type ImageLayout = "pvimg" | "genprotimg";

/** Load address of stage3a; its entry is one page further. */
export const STAGE3A_AT = 0x10000;
export const STAGE3A_ENTRY = 0x11000;
/** Readers look for the header from here on, page by page. */
export const HEADER_SEARCH_FROM = 0x14000;
/** Where the C tool puts the IPIB. */
export const C_TOOL_IPIB_AT = 0x13000;
export const METADATA_AT = 0xc000;
export const METADATA_SIZE = 28;

const METADATA_MAGIC = ascii("SeImgLnx");
const METADATA_VERSION = 1;

/** What a component is. The order of the unpacked parts differs between the two tools. */
export type ComponentKind = "kernel" | "initrd" | "cmdline" | "stage3b";

/** First two bytes of a tweak prefix, by tool; increasing in the order of the components. */
export const TWEAK_KINDS: Readonly<Record<ImageLayout, Readonly<Record<ComponentKind, number>>>> = {
  pvimg: { kernel: 40, initrd: 50, cmdline: 60, stage3b: 70 },
  genprotimg: { kernel: 0, cmdline: 1, initrd: 2, stage3b: 3 },
};

/** The kind that a tweak prefix tells, if the image keeps to one of the two conventions. */
export function kindOfTweak(prefix: bigint, layout: ImageLayout): ComponentKind | undefined {
  const number = Number(prefix >> 48n);
  const kinds: ComponentKind[] = ["kernel", "initrd", "cmdline", "stage3b"];
  return kinds.find((kind) => TWEAK_KINDS[layout][kind] === number);
}

/** The block at 0xc000 by which tools find their way. No loader uses it. */
export interface ImageMetadata {
  readonly headerOffset: number;
  readonly ipibOffset: number;
}

/**
 * The metadata block of an image, or undefined when there is none.
 *
 * @throws LF-IMAGE-041 unknown version, LF-IMAGE-042 it points outside the file.
 */
export function parseMetadata(image: Uint8Array): ImageMetadata | undefined {
  if (!hasMetadata(image)) return undefined;
  const reader = new FieldReader(image.subarray(METADATA_AT), "image metadata", METADATA_AT);
  const version = reader.u32(0x10);
  if (version !== METADATA_VERSION) {
    throw new ImageError("LF-IMAGE-041", `image metadata of version ${version} is unknown; 1 is understood`, {
      offset: METADATA_AT + 0x10,
    });
  }
  const pointer = (at: number, what: string): number => {
    const value = reader.u64(at);
    if (value < BigInt(image.length)) return Number(value);
    throw new ImageError(
      "LF-IMAGE-042",
      `the image metadata says that the ${what} is at ${hex(value)}; the file has ${hex(image.length)} bytes`,
      { offset: METADATA_AT + at, hint: "The file is truncated or damaged; copy or build it again." },
    );
  };
  return { headerOffset: pointer(0x08, "SE header"), ipibOffset: pointer(0x14, "IPL information block") };
}

/** Whether a metadata block is where one would be. */
export function hasMetadata(image: Uint8Array): boolean {
  return sameBytes(image.subarray(METADATA_AT, METADATA_AT + METADATA_MAGIC.length), METADATA_MAGIC);
}

export function buildMetadata(metadata: ImageMetadata): Uint8Array {
  return new FieldWriter(METADATA_SIZE)
    .set(0x00, METADATA_MAGIC)
    .u64(0x08, BigInt(metadata.headerOffset))
    .u32(0x10, METADATA_VERSION)
    .u64(0x14, BigInt(metadata.ipibOffset)).bytes;
}

/** Short PSW at absolute 0 by which a raw load enters stage3a: bit 12, 64-bit addressing, the address. */
export function buildShortPsw(address: number): Uint8Array {
  return new FieldWriter(8).u32(0, 0x0008_0001).u32(4, (0x8000_0000 | address) >>> 0).bytes;
}
