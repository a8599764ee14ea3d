/**
 * The verb `genprotimg` (`pvimg create`): from files to an image file. Names and rules of the options are those of
 * the tool of s390-tools; so are the exit statuses: 0 done, 1 something went wrong, 2 wrong use.
 */
import { join } from "node:path";
import { LockframeError } from "@lockframe/architecture";
import { Pcf, PCF_DEFAULT, PCF_PCKMO, Scf, SCF_DEFAULT } from "./control-flags.ts";
import type { ComponentSource } from "./component-source.ts";
import { openInput, readInput, refuseExisting, writeAt, writeWhole } from "./files.ts";
import type { HostKeyDocument } from "./host-key/read-host-key-document.ts";
import type { TrustOptions } from "./host-key/verify-host-key-document.ts";
import type { NamedBytes } from "./host-key/x509.ts";
import { ImageError } from "./image-error.ts";
import type { ImageLayout } from "./image-layout.ts";
import { stage3a, stage3b } from "./loaders/index.ts";
import type { Loaders } from "./loader-parameters.ts";
import { type WrittenSeImage, writeSeImageTo } from "./write-se-image.ts";

/** What `--enable-NAME` and `--disable-NAME` switch. */
export const GENPROTIMG_FLAGS = [
  "dump",
  "pckmo",
  "pckmo-hmac",
  "backup-keys",
  "image-encryption",
  "cck-extension-secret",
  "cck-update",
] as const;
export type GenprotimgFlag = (typeof GENPROTIMG_FLAGS)[number];

/** Paths and switches as on the command line. */
export interface GenprotimgOptions {
  /** `-i`, `--kernel`, `--image` */
  readonly kernel: string;
  /** `-r`, `--ramdisk` */
  readonly ramdisk?: string;
  /** `-p`, `--parmfile` */
  readonly parmfile?: string;
  /** `-o`, `--output` */
  readonly output: string;
  /** `-k`, `--host-key-document`, at least one */
  readonly hostKeyDocuments: readonly string[];
  /** `--no-verify`; excludes `certificates`, and one of the two is needed */
  readonly noVerify?: boolean;
  /** `-C`, `--cert` */
  readonly certificates?: readonly string[];
  /** `--crl` */
  readonly crls?: readonly string[];
  /** `--root-ca` */
  readonly rootCa?: string;
  readonly offline?: boolean;
  /** `--cck`, `--comm-key`: 32 bytes */
  readonly cck?: string;
  /** `--hdr-key`, `--x-header-key`: 32 bytes */
  readonly headerKey?: string;
  /** `--image-key`, `--x-comp-key`: 64 bytes */
  readonly imageKey?: string;
  /** `--enable-...` */
  readonly enable?: readonly GenprotimgFlag[];
  /** `--disable-...` */
  readonly disable?: readonly GenprotimgFlag[];
  /** `--x-pcf`, hexadecimal */
  readonly xPcf?: string;
  /** `--x-scf`, hexadecimal */
  readonly xScf?: string;
  /** `--x-psw`, hexadecimal: where the guest starts */
  readonly xPsw?: string;
  /** `--x-bootloader-directory`: with stage3a.bin and stage3b_reloc.bin, instead of our own loaders */
  readonly bootloaderDirectory?: string;
  readonly noComponentCheck?: boolean;
  readonly overwrite?: boolean;
  /** Layout of the older C tool, for tests of what has to read both. */
  readonly layout?: ImageLayout;
  /** Called with bytes sealed so far and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What was made. */
export interface GenprotimgOutcome {
  readonly output: string;
  readonly image: WrittenSeImage;
  readonly hostKeys: readonly Omit<HostKeyDocument, "warnings" | "publicKey">[];
  readonly pcf: bigint;
  readonly scf: bigint;
  /** To be shown to the user. */
  readonly warnings: readonly string[];
}

/**
 * Seals files into an image file. The output appears when it is whole, or not at all.
 *
 * @throws LF-IMAGE-080 an option is missing, -081 options exclude each other, -082 an option needs another,
 *   -083 not a hexadecimal number (all with exit status 2); LF-IMAGE-070..073 files; and what
 *   {@link readHostKeyDocuments} and {@link writeSeImageTo} throw.
 */
export async function genprotimg(options: GenprotimgOptions): Promise<GenprotimgOutcome> {
  checkUsage(options);
  const { pcf, scf } = controlFlags(options);
  const pswAddress = options.xPsw === undefined ? undefined : hexNumber("--x-psw", options.xPsw);
  if (options.overwrite !== true) await refuseExisting(options.output);

  const documents = await readDocuments(options);
  const keys = await readKeys(options);
  const loaders = await readLoaders(options.bootloaderDirectory);
  await using inputs = await openInputs(options);
  const image = await writeImage(options, {
    ...inputs.components,
    ...keys,
    hostKeys: documents.map(({ publicKey }) => publicKey),
    loaders,
    pcf,
    scf,
    ...(pswAddress === undefined ? {} : { pswAddress }),
    ...(options.layout === undefined ? {} : { layout: options.layout }),
    noComponentCheck: options.noComponentCheck === true,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  return {
    output: options.output,
    image,
    hostKeys: documents.map(({ name, hash, subject }) => ({ name, hash, subject })),
    pcf,
    scf,
    warnings: [...documents.flatMap(({ warnings }) => warnings), ...warningsFor(options, pcf)],
  };
}

/** Exit status for an error of {@link genprotimg}: 2 for wrong use, 1 for everything else. */
export function genprotimgExitStatus(error: unknown): 1 | 2 {
  return error instanceof LockframeError && /^LF-IMAGE-08\d$/.test(error.code) ? 2 : 1;
}

function checkUsage(options: GenprotimgOptions): void {
  const { noVerify = false, certificates = [], crls = [], rootCa, offline = false } = options;
  const usage = (code: string, message: string): never => {
    throw new ImageError(code, message, { hint: "`lockframe genprotimg --help` explains the options." });
  };
  if (options.kernel === "") usage("LF-IMAGE-080", "--kernel is missing");
  if (options.output === "") usage("LF-IMAGE-080", "--output is missing");
  if (options.hostKeyDocuments.length === 0) usage("LF-IMAGE-080", "--host-key-document is missing");
  if (!noVerify && certificates.length === 0) {
    usage("LF-IMAGE-080", "either --cert, to verify the host key documents, or --no-verify is needed");
  }
  if (noVerify && certificates.length > 0) usage("LF-IMAGE-081", "--no-verify and --cert exclude each other");
  if (certificates.length === 0) {
    if (crls.length > 0) usage("LF-IMAGE-082", "--crl needs --cert");
    if (rootCa !== undefined) usage("LF-IMAGE-082", "--root-ca needs --cert");
    if (offline) usage("LF-IMAGE-082", "--offline needs --cert");
  }
  checkFlagUsage(options, usage);
}

function checkFlagUsage(options: GenprotimgOptions, usage: (code: string, message: string) => never): void {
  const { enable = [], disable = [] } = options;
  for (const flag of enable) {
    if (disable.includes(flag))
      usage("LF-IMAGE-081", `--enable-${flag} and --disable-${flag} exclude each other`);
  }
  if (enable.length + disable.length > 0) {
    const expert =
      options.xPcf !== undefined ? "--x-pcf" : options.xScf !== undefined ? "--x-scf" : undefined;
    if (expert !== undefined) usage("LF-IMAGE-081", `${expert} excludes all --enable and --disable options`);
  }
  if (enable.includes("cck-extension-secret") && enable.includes("cck-update")) {
    usage("LF-IMAGE-081", "--enable-cck-extension-secret and --enable-cck-update exclude each other");
  }
  if (options.imageKey !== undefined && disable.includes("image-encryption")) {
    usage("LF-IMAGE-081", "--image-key and --disable-image-encryption exclude each other");
  }
  if (enable.includes("dump") && options.cck === undefined && !enable.includes("cck-update")) {
    usage("LF-IMAGE-082", "--enable-dump needs --cck or --enable-cck-update");
  }
  if (enable.includes("cck-extension-secret") && options.cck === undefined) {
    usage("LF-IMAGE-082", "--enable-cck-extension-secret needs --cck");
  }
}

/** Bits that a flag sets when it is enabled; image encryption is a bit that turns it off. */
const PCF_BITS: Partial<Record<GenprotimgFlag, bigint>> = {
  dump: Pcf.allowDumping,
  pckmo: PCF_PCKMO,
  "pckmo-hmac": Pcf.pckmoHmac,
  "backup-keys": Pcf.backupTargetKeys,
};
const SCF_BITS: Partial<Record<GenprotimgFlag, bigint>> = {
  "cck-extension-secret": Scf.cckExtensionSecretEnforcement,
  "cck-update": Scf.cckUpdateAllowed,
};

function controlFlags(options: GenprotimgOptions): { pcf: bigint; scf: bigint } {
  const { enable = [], disable = [], xPcf, xScf } = options;
  let pcf = xPcf === undefined ? PCF_DEFAULT : hexNumber("--x-pcf", xPcf);
  let scf = xScf === undefined ? SCF_DEFAULT : hexNumber("--x-scf", xScf);
  for (const flag of enable) {
    pcf |= PCF_BITS[flag] ?? 0n;
    scf |= SCF_BITS[flag] ?? 0n;
  }
  for (const flag of disable) {
    pcf &= ~(PCF_BITS[flag] ?? 0n);
    scf &= ~(SCF_BITS[flag] ?? 0n);
  }
  if (enable.includes("image-encryption")) pcf &= ~Pcf.noComponentEncryption;
  if (disable.includes("image-encryption")) pcf |= Pcf.noComponentEncryption;
  return { pcf, scf };
}

function hexNumber(option: string, text: string): bigint {
  const digits = text.replace(/^0x/, "");
  if (/^[0-9a-f]{1,16}$/i.test(digits)) return BigInt(`0x${digits}`);
  throw new ImageError(
    "LF-IMAGE-083",
    `${option} ${JSON.stringify(text)} is no hexadecimal number of 64 bits`,
    {
      hint: `For example: ${option} 0xe0`,
    },
  );
}

async function readDocuments(options: GenprotimgOptions): Promise<HostKeyDocument[]> {
  const { readHostKeyDocuments } = await import("./host-key/read-host-key-document.ts");
  const documents = await readNamed(options.hostKeyDocuments, "host key document");
  if (options.noVerify === true) return readHostKeyDocuments(documents, "no-verify");
  const trust: TrustOptions = {
    certificates: await readNamed(options.certificates ?? [], "certificate"),
    crls: await readNamed(options.crls ?? [], "certificate revocation list"),
    ...(options.rootCa === undefined
      ? {}
      : { rootCa: { name: options.rootCa, bytes: await readInput(options.rootCa, "root certificate") } }),
    offline: options.offline === true,
  };
  return readHostKeyDocuments(documents, trust);
}

function readNamed(paths: readonly string[], what: string): Promise<NamedBytes[]> {
  return Promise.all(paths.map(async (name) => ({ name, bytes: await readInput(name, what) })));
}

async function readKeys({ cck, headerKey, imageKey }: GenprotimgOptions): Promise<{
  cck?: Uint8Array;
  headerKey?: Uint8Array;
  imageKey?: Uint8Array;
}> {
  return {
    ...(cck === undefined ? {} : { cck: await readInput(cck, "customer communication key") }),
    ...(headerKey === undefined ? {} : { headerKey: await readInput(headerKey, "header protection key") }),
    ...(imageKey === undefined ? {} : { imageKey: await readInput(imageKey, "image key") }),
  };
}

async function readLoaders(directory: string | undefined): Promise<Loaders> {
  if (directory === undefined) return { stage3a: stage3a(), stage3b: stage3b() };
  return {
    stage3a: await readInput(join(directory, "stage3a.bin"), "loader"),
    stage3b: await readInput(join(directory, "stage3b_reloc.bin"), "loader"),
  };
}

interface Inputs extends AsyncDisposable {
  readonly components: { kernel: ComponentSource; initrd?: ComponentSource; cmdline?: Uint8Array };
}

/** The components, open until the image is written. */
async function openInputs(options: GenprotimgOptions): Promise<Inputs> {
  await using stack = new AsyncDisposableStack();
  const source = async (path: string, what: string): Promise<ComponentSource> => {
    const { handle, size } = await openInput(path, what);
    stack.defer(() => handle.close());
    return {
      size,
      read: async (offset, length) => {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      },
    };
  };
  const components = {
    kernel: await source(options.kernel, "kernel"),
    ...(options.ramdisk === undefined ? {} : { initrd: await source(options.ramdisk, "RAM disk") }),
    ...(options.parmfile === undefined ? {} : { cmdline: await readInput(options.parmfile, "command line") }),
  };
  const kept = stack.move();
  return { components, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function writeImage(
  { output, overwrite = false }: GenprotimgOptions,
  image: Parameters<typeof writeSeImageTo>[1],
): Promise<WrittenSeImage> {
  let written: WrittenSeImage | undefined;
  await writeWhole(output, { overwrite }, async (handle) => {
    const sink = { write: (offset: number, bytes: Uint8Array) => writeAt(handle, offset, bytes) };
    written = await writeSeImageTo(sink, image);
  });
  if (written === undefined) throw new Error("the image was named before it was written");
  return written;
}

function warningsFor(options: GenprotimgOptions, pcf: bigint): string[] {
  const warnings: string[] = [];
  if (options.noVerify === true) {
    warnings.push(
      "the host key documents are not verified; the image may be readable for somebody else's host",
    );
  }
  if ((pcf & Pcf.noComponentEncryption) !== 0n) {
    warnings.push("the components are not encrypted; they must not contain anything confidential");
  }
  if (options.noComponentCheck === true) warnings.push("the components are not checked");
  return warnings;
}
