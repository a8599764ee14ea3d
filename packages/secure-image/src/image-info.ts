/** The verb `image info`: explains an image file, as data or as text. */
import { readImage, readInput } from "./files.ts";
import { loadHostKey } from "./host-key/load-host-key.ts";
import { ImageError } from "./image-error.ts";
import { type ClaimInfo, type FlagsInfo, readSeImage, type SeImageInfo } from "./read-se-image.ts";

export interface ImageInfoOptions {
  /** File with the header protection key (32 bytes). */
  readonly headerKey?: string;
  /** Files with private host keys, to open the header with. */
  readonly hostKeys?: readonly string[];
  /** Host key documents whose names are shown at their slots. They are not verified. */
  readonly hostKeyDocuments?: readonly string[];
  /** Show the keys of the header; needs a key that opens it. */
  readonly showSecrets?: boolean;
}

/**
 * Explains an image file.
 *
 * @throws LF-IMAGE-070..073 files, LF-IMAGE-054 length of the header key, LF-IMAGE-082 secrets without a key,
 *   LF-KEY-... keys, and what {@link readSeImage} throws.
 */
export async function imageInfo(path: string, options: ImageInfoOptions = {}): Promise<SeImageInfo> {
  const { headerKey, hostKeys = [], hostKeyDocuments = [], showSecrets = false } = options;
  if (showSecrets && headerKey === undefined && hostKeys.length === 0) {
    throw new ImageError("LF-IMAGE-082", "--show-secrets needs --hdr-key or --host-key");
  }
  const documents = await Promise.all(
    hostKeyDocuments.map(async (name) => ({ name, bytes: await readInput(name, "host key document") })),
  );
  const { readHostKeyDocuments } = await import("./host-key/read-host-key-document.ts");
  const named = await readHostKeyDocuments(documents, "no-verify");
  const key = headerKey === undefined ? undefined : await readHeaderKey(headerKey);
  return readSeImage(await readImage(path), {
    ...(key === undefined ? {} : { headerKey: key }),
    hostKeys: await Promise.all(hostKeys.map((file) => loadHostKey(file))),
    keyNames: new Map(named.map(({ hash, name }) => [hash, name])),
    showSecrets,
  });
}

/** True when nothing found in the image will keep it from starting. */
export function imageLooksSound(info: SeImageInfo): boolean {
  return info.problems.every(({ severity }) => severity !== "error");
}

async function readHeaderKey(path: string): Promise<Uint8Array> {
  const key = await readInput(path, "header protection key");
  if (key.length === 32) return key;
  throw new ImageError(
    "LF-IMAGE-054",
    `the header protection key ${path} has ${key.length} bytes; exactly 32 are wanted`,
  );
}

const LAYOUTS: Record<SeImageInfo["layout"], string> = {
  pvimg: "pvimg (metadata block, header before the components, IPL information block last)",
  genprotimg: "genprotimg, the older C tool (IPL information block and header before the components)",
  "header-only": "a bare SE header without components",
  unknown: "of an unknown tool",
};

const AUTHENTICITY: Record<SeImageInfo["authenticity"], string> = {
  unchecked: "not checked: no key was given",
  verified: "verified: the header is as its maker left it",
  failed: "FAILED: the header was changed, or the key is another's",
  "no-matching-key": "not checked: no slot is for the given host keys",
};

/** Text for people. Its wording may change; programs take the data. */
export function formatImageInfo(info: SeImageInfo): string {
  const { header, digests, secrets, ipib } = info;
  const lines = [
    `Secure Execution image of ${info.fileSize} bytes`,
    row("layout", LAYOUTS[info.layout]),
    ...(info.entry === undefined
      ? []
      : [row("entry", `${info.entry.address} (short PSW ${info.entry.shortPsw})`)]),
    "",
    `SE header version ${header.version} at ${header.offset}, ${header.size} bytes`,
    row("authenticity", AUTHENTICITY[info.authenticity]),
    row("plain flags", flags(header.pcf)),
    row("tag", header.tag),
    row("customer key", header.customerKey.onCurve ? "a point on secp521r1" : "NOT a point on secp521r1"),
    `  for ${header.keySlots.length === 1 ? "one host" : `${header.keySlots.length} hosts`}, with key hash`,
    ...header.keySlots.map(
      ({ hostKeyHash, name }) => `    ${hostKeyHash}${name === undefined ? "" : `  ${name}`}`,
    ),
  ];
  if (secrets !== undefined) {
    lines.push(
      row("starts at", `${secrets.psw.address} with PSW mask ${secrets.psw.mask}`),
      row("secret flags", flags(secrets.scf)),
      ...(secrets.cck === undefined ? [] : [row("cck", secrets.cck)]),
      ...(secrets.imageKey === undefined ? [] : [row("image key", secrets.imageKey)]),
    );
  }
  if (ipib !== undefined) {
    lines.push(
      "",
      `IPL information block at ${ipib.offset}: components ${info.encrypted ? "encrypted" : "in PLAIN TEXT"}`,
    );
    lines.push(
      ...info.components.map(
        ({ kind, address, pages, tweakPrefix }) =>
          `  ${kind.padEnd(10)} ${address.padEnd(12)} ${String(pages).padStart(7)} pages  tweak ${tweakPrefix}`,
      ),
    );
  }
  if (digests !== undefined) {
    lines.push("", "Digests in the header against the components", ...claims(digests));
  }
  if (info.problems.length > 0)
    lines.push("", "Problems", ...info.problems.map((problem) => formatProblem(problem)));
  return `${lines.join("\n")}\n`;
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(14)} ${value}`;
}

function flags({ value, flags: names }: FlagsInfo): string {
  return `${value} ${names.length === 0 ? "(none)" : names.join(", ")}`;
}

function claims(digests: NonNullable<SeImageInfo["digests"]>): string[] {
  const what: [string, ClaimInfo][] = [
    ["contents", digests.pld],
    ["addresses", digests.ald],
    ["tweaks", digests.tld],
    ["pages", digests.pages],
  ];
  return what.map(([name, { matches, claimed, computed }]) =>
    row(
      name,
      matches
        ? `match   ${shortened(claimed)}`
        : `DIFFER  header ${shortened(claimed)}, components ${shortened(computed)}`,
    ),
  );
}

function shortened(value: string): string {
  return value.length > 40 ? `${value.slice(0, 32)}...` : value;
}

function formatProblem({ severity, code, message, offset }: SeImageInfo["problems"][number]): string {
  return `  ${severity} ${code}: ${message}${offset === undefined ? "" : ` (at offset 0x${offset.toString(16)})`}`;
}
