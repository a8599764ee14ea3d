/** Explains a Secure Execution image in plain data, ready for JSON. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { FieldReader, hex, hexOf, PAGE_SIZE, sameBytes } from "./bytes.ts";
import { flagNames, Pcf, Scf } from "./control-flags.ts";
import { decodePoint, publicKeyHash } from "./ec-point.ts";
import { kindOfTweak } from "./image-layout.ts";
import { unwrapKey } from "./key-exchange.ts";
import { PageDigests, pageTweaks } from "./page-cipher.ts";
import { type ParsedSeImage, parseSeImage } from "./parse-se-image.ts";
import { openSecrets, type SeHeader, type SeHeaderSecrets } from "./se-header.ts";

export interface ReadSeImageOptions {
  /** Header protection key (32 bytes): checks the tag and opens the secret part. */
  readonly headerKey?: Uint8Array;
  /** Private host keys: as above, for the slots that they open. */
  readonly hostKeys?: readonly KeyObject[];
  /** Names for key hashes, to tell whom a slot is for. Hash as lower-case hexadecimal. */
  readonly keyNames?: ReadonlyMap<string, string>;
  /** Put the keys themselves into the result. Off unless asked for. */
  readonly showSecrets?: boolean;
}

/** A value with flags in it. */
export interface FlagsInfo {
  /** `0x` and 16 digits. */
  readonly value: string;
  readonly flags: readonly string[];
}

/** A digest or count that the header claims, beside that of the components as they stand in the file. */
export interface ClaimInfo {
  readonly claimed: string;
  readonly computed: string;
  readonly matches: boolean;
}

/** Something that will keep the image from starting, or should make one wonder. */
export interface ImageProblem {
  readonly severity: "error" | "warning";
  /** Stable, `LF-IMAGE-<NNN>`. */
  readonly code: string;
  readonly message: string;
  readonly offset?: number;
}

export interface ComponentInfo {
  /** As the tweak prefix tells it. */
  readonly kind: string;
  readonly address: string;
  readonly length: number;
  readonly pages: number;
  /** `0x` and 16 digits. */
  readonly tweakPrefix: string;
}

/** All that can be said about an image. Plain data: strings, numbers, booleans. */
export interface SeImageInfo {
  readonly format: "lockframe-image-info-1";
  readonly fileSize: number;
  readonly layout: ParsedSeImage["layout"];
  /** How a raw load enters the image. */
  readonly entry?: { readonly shortPsw: string; readonly address: string };
  readonly metadata?: { readonly offset: string; readonly headerOffset: string; readonly ipibOffset: string };
  readonly header: {
    readonly offset: string;
    readonly size: number;
    readonly version: string;
    readonly iv: string;
    readonly pcf: FlagsInfo;
    readonly customerKey: { readonly x: string; readonly y: string; readonly onCurve: boolean };
    readonly keySlots: readonly { readonly hostKeyHash: string; readonly name?: string }[];
    readonly encryptedSize: number;
    readonly tag: string;
  };
  readonly ipib?: {
    readonly offset: string;
    readonly length: number;
    readonly headerAddress: string;
    readonly headerSize: number;
  };
  /** In the order of unpacking. */
  readonly components: readonly ComponentInfo[];
  readonly encrypted: boolean;
  /** Absent for a bare header. */
  readonly digests?: {
    readonly pld: ClaimInfo;
    readonly ald: ClaimInfo;
    readonly tld: ClaimInfo;
    readonly pages: ClaimInfo;
  };
  /** `unchecked` when no key was given. */
  readonly authenticity: "unchecked" | "verified" | "failed" | "no-matching-key";
  /** Present when a key opened the header. */
  readonly secrets?: {
    readonly psw: { readonly mask: string; readonly address: string };
    readonly scf: FlagsInfo;
    readonly cck?: string;
    readonly imageKey?: string;
  };
  readonly problems: readonly ImageProblem[];
}

/**
 * Explains an image: parts, components, flags, slots; recomputes the digests; with a key, checks the header's tag
 * and shows how the guest will start. A file that has the shape of an image but would be refused is explained
 * with `problems`.
 *
 * @throws as {@link parseSeImage} when the structure does not hold.
 */
export function readSeImage(image: Uint8Array, options: ReadSeImageOptions = {}): SeImageInfo {
  const parsed = parseSeImage(image);
  const { header, metadata, ipib } = parsed;
  const opened = openWith(parsed, options);
  const digests = ipib === undefined ? undefined : compareDigests(image, header, ipib.components);
  const entry = entryOf(image, parsed);
  return {
    format: "lockframe-image-info-1",
    fileSize: parsed.size,
    layout: parsed.layout,
    ...(entry === undefined ? {} : { entry }),
    ...(metadata === undefined
      ? {}
      : {
          metadata: {
            offset: hex(0xc000),
            headerOffset: hex(metadata.headerOffset),
            ipibOffset: hex(metadata.ipibOffset),
          },
        }),
    header: describeHeader(parsed, options.keyNames),
    ...(ipib === undefined
      ? {}
      : {
          ipib: {
            offset: hex(ipib.offset),
            length: ipib.length,
            headerAddress: hex(ipib.headerAddress),
            headerSize: ipib.headerSize,
          },
        }),
    components: describeComponents(parsed),
    encrypted: (header.pcf & Pcf.noComponentEncryption) === 0n,
    ...(digests === undefined ? {} : { digests }),
    authenticity: opened.authenticity,
    ...(opened.secrets === undefined
      ? {}
      : { secrets: describeSecrets(opened.secrets, options.showSecrets) }),
    problems: [...digestProblems(digests, parsed), ...headerProblems(parsed, opened)],
  };
}

function describeHeader(parsed: ParsedSeImage, names: ReadSeImageOptions["keyNames"]): SeImageInfo["header"] {
  const { header } = parsed;
  return {
    offset: hex(parsed.headerOffset),
    size: header.size,
    version: hex(header.version),
    iv: hexOf(header.iv),
    pcf: { value: hex(header.pcf, 16), flags: flagNames(header.pcf, Pcf) },
    customerKey: {
      x: hexOf(header.customerKey.subarray(0, 80)),
      y: hexOf(header.customerKey.subarray(80)),
      onCurve: decodePoint(header.customerKey) !== undefined,
    },
    keySlots: header.slots.map(({ hostKeyHash }) => {
      const name = names?.get(hexOf(hostKeyHash));
      return { hostKeyHash: hexOf(hostKeyHash), ...(name === undefined ? {} : { name }) };
    }),
    encryptedSize: header.encrypted.length,
    tag: hexOf(header.tag),
  };
}

function describeComponents({ ipib, layout }: ParsedSeImage): ComponentInfo[] {
  return (ipib?.components ?? []).map(({ tweakPrefix, address, length }) => ({
    kind:
      (layout === "genprotimg" ? undefined : kindOfTweak(tweakPrefix, "pvimg")) ??
      kindOfTweak(tweakPrefix, "genprotimg") ??
      "unknown",
    address: hex(address),
    length,
    pages: length / PAGE_SIZE,
    tweakPrefix: hex(tweakPrefix, 16),
  }));
}

function describeSecrets(secrets: SeHeaderSecrets, show = false): NonNullable<SeImageInfo["secrets"]> {
  return {
    psw: { mask: hex(secrets.psw.mask, 16), address: hex(secrets.psw.address) },
    scf: { value: hex(secrets.scf, 16), flags: flagNames(secrets.scf, Scf) },
    ...(show ? { cck: hexOf(secrets.cck), imageKey: hexOf(secrets.imageKey) } : {}),
  };
}

function entryOf(image: Uint8Array, { layout }: ParsedSeImage): SeImageInfo["entry"] {
  if (layout === "header-only") return undefined;
  const psw = new FieldReader(image, "short PSW").u64(0);
  return { shortPsw: hex(psw, 16), address: hex(psw & 0x7fff_ffffn) };
}

function compareDigests(
  image: Uint8Array,
  { digests: claimed }: SeHeader,
  components: NonNullable<ParsedSeImage["ipib"]>["components"],
): NonNullable<SeImageInfo["digests"]> {
  const running = new PageDigests();
  for (const { address, length, tweakPrefix } of components) {
    const chunk = 256 * PAGE_SIZE;
    for (let offset = 0; offset < length; offset += chunk) {
      const stored = image.subarray(address + offset, address + Math.min(length, offset + chunk));
      running.addPages(stored, address + offset, pageTweaks(tweakPrefix, offset, stored.length / PAGE_SIZE));
    }
  }
  const computed = running.values();
  const compare = (name: "pld" | "ald" | "tld"): ClaimInfo => ({
    claimed: hexOf(claimed[name]),
    computed: hexOf(computed[name]),
    matches: sameBytes(claimed[name], computed[name]),
  });
  return {
    pld: compare("pld"),
    ald: compare("ald"),
    tld: compare("tld"),
    pages: {
      claimed: String(claimed.pageCount),
      computed: String(computed.pageCount),
      matches: claimed.pageCount === computed.pageCount,
    },
  };
}

interface Opened {
  readonly authenticity: SeImageInfo["authenticity"];
  readonly secrets?: SeHeaderSecrets;
}

/** Tries the keys at hand. */
function openWith(parsed: ParsedSeImage, options: ReadSeImageOptions): Opened {
  const { header, headerBytes } = parsed;
  if (options.headerKey !== undefined) return verdict(openSecrets(headerBytes, header, options.headerKey));
  if (options.hostKeys === undefined || options.hostKeys.length === 0) return { authenticity: "unchecked" };
  const customerKey = decodePoint(header.customerKey);
  if (customerKey === undefined) return { authenticity: "failed" };
  for (const hostKey of options.hostKeys) {
    const hash = publicKeyHash(createPublicKey(hostKey));
    const slot = header.slots.find((candidate) => sameBytes(candidate.hostKeyHash, hash));
    if (slot === undefined) continue;
    const headerKey = unwrapKey(slot, hostKey, customerKey);
    return verdict(headerKey === undefined ? undefined : openSecrets(headerBytes, header, headerKey));
  }
  return { authenticity: "no-matching-key" };
}

function verdict(secrets: SeHeaderSecrets | undefined): Opened {
  return secrets === undefined ? { authenticity: "failed" } : { authenticity: "verified", secrets };
}

function digestProblems(digests: SeImageInfo["digests"], parsed: ParsedSeImage): ImageProblem[] {
  if (digests === undefined) return [];
  const what: Record<keyof typeof digests, [code: string, text: string, at: number]> = {
    pld: [
      "LF-IMAGE-060",
      "the contents of the components differ from what the header's page list digest says",
      0xe0,
    ],
    ald: [
      "LF-IMAGE-061",
      "the addresses of the components differ from what the header's address list digest says",
      0x120,
    ],
    tld: [
      "LF-IMAGE-062",
      "the tweaks of the components differ from what the header's tweak list digest says",
      0x160,
    ],
    pages: ["LF-IMAGE-063", "the number of pages differs from the header's", 0x30],
  };
  return (["pld", "ald", "tld", "pages"] as const)
    .filter((name) => !digests[name].matches)
    .map((name) => {
      const [code, message, at] = what[name];
      return { severity: "error", code, message, offset: parsed.headerOffset + at };
    });
}

function headerProblems(parsed: ParsedSeImage, opened: Opened): ImageProblem[] {
  const { header, headerOffset, ipib } = parsed;
  const problems: ImageProblem[] = [];
  const note = (severity: ImageProblem["severity"], code: string, message: string, offset: number) =>
    problems.push({ severity, code, message, offset });
  if (decodePoint(header.customerKey) === undefined) {
    note("error", "LF-IMAGE-064", "the customer public key is not a point on secp521r1", headerOffset + 0x40);
  }
  const unnamed = flagNames(header.pcf, Pcf).filter((name) => name.startsWith("bit-"));
  if (unnamed.length > 0) {
    note(
      "warning",
      "LF-IMAGE-065",
      `unknown plain-text control flags: ${unnamed.join(", ")}`,
      headerOffset + 0x38,
    );
  }
  if (opened.authenticity === "failed") {
    note(
      "error",
      "LF-IMAGE-066",
      "the SE header was changed, or the key is not its key: the tag does not fit",
      headerOffset,
    );
  }
  if (opened.authenticity === "no-matching-key") {
    note("error", "LF-IMAGE-067", "no key slot is for the host keys that were given", headerOffset + 0x1a0);
  }
  if ((opened.secrets?.optionalItemCount ?? 0) !== 0) {
    note("error", "LF-IMAGE-068", "the header has optional items, which nobody understands", headerOffset);
  }
  const unsorted = ipib?.components.some(
    (c, n) => n > 0 && c.address < (ipib.components[n - 1]?.address ?? 0),
  );
  if (ipib !== undefined && unsorted === true) {
    note(
      "warning",
      "LF-IMAGE-069",
      "the components do not come in the order of their addresses",
      ipib.offset,
    );
  }
  return problems;
}
