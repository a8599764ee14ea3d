/** Finds the parts of a Secure Execution image and checks that they can be what they claim. */
import { hex, PAGE_SIZE, sameBytes } from "./bytes.ts";
import { ImageError } from "./image-error.ts";
import {
  C_TOOL_IPIB_AT,
  HEADER_SEARCH_FROM,
  type ImageLayout,
  type ImageMetadata,
  METADATA_AT,
  METADATA_SIZE,
  parseMetadata,
} from "./image-layout.ts";
import { type Ipib, looksLikeIpib, parseIpib } from "./ipib.ts";
import { parseSeHeader, SE_HEADER_MAGIC, SE_HEADER_MAX_SIZE, type SeHeader } from "./se-header.ts";

/** The structure of an image. All places are inside the file, page-aligned where they must be, and disjoint. */
export interface ParsedSeImage {
  /** Size of the file in bytes. */
  readonly size: number;
  /** `header-only`: a bare SE header, as tools write for test snippets. `unknown`: neither tool's order. */
  readonly layout: ImageLayout | "header-only" | "unknown";
  readonly metadata: ImageMetadata | undefined;
  readonly headerOffset: number;
  readonly header: SeHeader;
  /** The header's bytes, as the Ultravisor gets them. */
  readonly headerBytes: Uint8Array;
  /** Absent for a bare header. */
  readonly ipib: (Ipib & { readonly offset: number }) | undefined;
}

/**
 * Reads the structure of an image without any key. Nothing that the file claims is believed before it is checked.
 *
 * @throws LF-IMAGE-001 truncated; -010 no SE header; -011..-014 the header; -020..-026 the IPL information block;
 *   -030 a component beyond the end of the file; -031 parts overlap; -040 no IPL information block; -041, -042 the
 *   metadata block; -043 an ELF file; -044 a kernel that is not sealed.
 */
export function parseSeImage(image: Uint8Array): ParsedSeImage {
  const metadata = parseMetadata(image);
  const headerOffset = metadata?.headerOffset ?? findHeader(image);
  const header = parseSeHeader(image.subarray(headerOffset, headerOffset + SE_HEADER_MAX_SIZE), headerOffset);
  const headerBytes = image.subarray(headerOffset, headerOffset + header.size);
  const common = { size: image.length, metadata, headerOffset, header, headerBytes };
  if (headerOffset === 0) return { ...common, layout: "header-only", ipib: undefined };

  const ipibOffset = metadata?.ipibOffset ?? findIpib(image);
  const ipib = { ...parseIpib(image.subarray(ipibOffset), ipibOffset), offset: ipibOffset };
  checkPlaces(image, common, ipib);
  const layout = metadata !== undefined ? "pvimg" : ipibOffset < headerOffset ? "genprotimg" : "unknown";
  return { ...common, layout, ipib };
}

/** Without a metadata block: at the start of the file (a bare header), or on a page boundary from 0x14000 on. */
function findHeader(image: Uint8Array): number {
  const isHeader = (at: number) =>
    sameBytes(image.subarray(at, at + SE_HEADER_MAGIC.length), SE_HEADER_MAGIC);
  if (isHeader(0)) return 0;
  for (let at = HEADER_SEARCH_FROM; at < image.length; at += PAGE_SIZE) {
    if (isHeader(at)) return at;
  }
  throw notAnImage(image);
}

function notAnImage(image: Uint8Array): ImageError {
  const starts = (text: string, at: number) =>
    text === Buffer.from(image.subarray(at, at + text.length)).toString("latin1");
  if (starts("\x7fELF", 0)) {
    return new ImageError("LF-IMAGE-043", "this is an ELF file, not a Secure Execution image", {
      offset: 0,
      hint: "`lockframe genprotimg` seals a raw kernel into an image.",
    });
  }
  if (starts("S390EP", 0x10008)) {
    return new ImageError("LF-IMAGE-044", "this is a kernel in plain text, not a Secure Execution image", {
      offset: 0x10008,
      hint: "`lockframe genprotimg -i KERNEL -o IMAGE` seals it.",
    });
  }
  return new ImageError(
    "LF-IMAGE-010",
    "there is no SE header: no page from 0x14000 on starts with IBMSecEx",
    {
      offset: Math.min(HEADER_SEARCH_FROM, image.length),
      hint: "Is this a Secure Execution image, and is it complete?",
    },
  );
}

/** Without a metadata block: where the C tool puts it, or on any other page boundary. */
function findIpib(image: Uint8Array): number {
  const candidates = [C_TOOL_IPIB_AT];
  for (let at = 0x11000; at < image.length; at += PAGE_SIZE) candidates.push(at);
  const found = candidates.find((at) => looksLikeIpib(image.subarray(at, at + PAGE_SIZE)));
  if (found !== undefined) return found;
  throw new ImageError(
    "LF-IMAGE-040",
    "there is no IPL information block of type PV, so the components cannot be found",
    {
      offset: C_TOOL_IPIB_AT,
      hint: "The file is truncated or was not made by pvimg or genprotimg.",
    },
  );
}

interface Place {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** Every part inside the file and no two parts at the same place. */
function checkPlaces(
  image: Uint8Array,
  { headerOffset, header, metadata }: Pick<ParsedSeImage, "headerOffset" | "header" | "metadata">,
  ipib: Ipib & { readonly offset: number },
): void {
  const places: Place[] = [
    { what: "the SE header", start: headerOffset, end: headerOffset + header.size },
    { what: "the IPL information block", start: ipib.offset, end: ipib.offset + ipib.length },
  ];
  if (metadata !== undefined) {
    places.push({ what: "the metadata block", start: METADATA_AT, end: METADATA_AT + METADATA_SIZE });
  }
  ipib.components.forEach(({ address, length }, n) => {
    if (address + length > image.length) {
      throw new ImageError(
        "LF-IMAGE-030",
        `component ${n} claims ${hex(address)} to ${hex(address + length)}; the file has ${hex(image.length)} bytes`,
        { offset: ipib.offset, hint: "The file is truncated or damaged; copy or build it again." },
      );
    }
    places.push({ what: `component ${n}`, start: address, end: address + length });
  });
  checkDisjoint(places);
}

function checkDisjoint(places: Place[]): void {
  const sorted = places.toSorted((a, b) => a.start - b.start);
  sorted.forEach((place, n) => {
    const before = sorted[n - 1];
    if (before === undefined || before.end <= place.start) return;
    const range = ({ what, start, end }: Place) => `${what} (${hex(start)} to ${hex(end)})`;
    throw new ImageError("LF-IMAGE-031", `${range(before)} and ${range(place)} overlap`, {
      offset: place.start,
    });
  });
}
