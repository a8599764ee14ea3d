/**
 * Seals a kernel into a Secure Execution image: components are padded, encrypted page by page and digested; then
 * come the SE header for the hosts, the IPL information block, and the plain-text loader that starts it all.
 */
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { hex, PAGE_SIZE, roundUpToPage } from "./bytes.ts";
import { asSource, checkComponents, type ComponentSource, terminated } from "./component-source.ts";
import { Pcf, PCF_DEFAULT, SCF_DEFAULT } from "./control-flags.ts";
import { CURVE } from "./ec-point.ts";
import { ImageError } from "./image-error.ts";
import {
  buildMetadata,
  buildShortPsw,
  C_TOOL_IPIB_AT,
  type ComponentKind,
  HEADER_SEARCH_FROM,
  type ImageLayout,
  METADATA_AT,
  STAGE3A_AT,
  STAGE3A_ENTRY,
  TWEAK_KINDS,
} from "./image-layout.ts";
import { buildIpib, type IpibComponent, IPIB_MAX_SIZE } from "./ipib.ts";
import { checkLoaders, type Loaders, renderStage3a, renderStage3b } from "./loader-parameters.ts";
import { IMAGE_KEY_SIZE, PageDigests, pageTweaks } from "./page-cipher.ts";
import { PageXts } from "./page-xts.ts";
import { buildSeHeader, checkSlotCount, PSW_MASK_64BIT, seHeaderSize } from "./se-header.ts";

export interface SeImageOptions {
  /** Raw binary kernel. */
  readonly kernel: Uint8Array | ComponentSource;
  /** Initial RAM disk. */
  readonly initrd?: Uint8Array | ComponentSource;
  /** Kernel command line; a NUL is added when it has none. */
  readonly cmdline?: Uint8Array;
  /** Public keys of the hosts that may start the image. */
  readonly hostKeys: readonly KeyObject[];
  readonly loaders: Loaders;
  /** Plain-text control flags; {@link PCF_DEFAULT}. Bit 35 turns encryption of the components off. */
  readonly pcf?: bigint;
  /** Secret control flags; none. */
  readonly scf?: bigint;
  /** Customer communication key, 32 bytes; random. */
  readonly cck?: Uint8Array;
  /** Header protection key, 32 bytes; random. */
  readonly headerKey?: Uint8Array;
  /** AES-256-XTS key of the components, 64 bytes; random. */
  readonly imageKey?: Uint8Array;
  /** Address where the secure guest starts; the beginning of stage3b. */
  readonly pswAddress?: bigint;
  /** Skip the check that the kernel is one. */
  readonly noComponentCheck?: boolean;
  /** `pvimg` unless said otherwise. */
  readonly layout?: ImageLayout;
  /** Called with bytes sealed so far and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Source of keys, IV and tweaks. Anything but the default is for tests. */
  readonly random?: (length: number) => Uint8Array;
  /** Ephemeral P-521 private key. Anything but the default, a new key, is for tests. */
  readonly customerKey?: KeyObject;
}

/** Where an image is written: at any offset, in any order, each byte once. */
export interface ImageSink {
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
}

/** What was written where. */
export interface WrittenSeImage {
  readonly size: number;
  readonly headerAddress: number;
  readonly headerSize: number;
  readonly ipibAddress: number;
  readonly pageCount: number;
  readonly components: readonly (IpibComponent & {
    readonly kind: ComponentKind;
    readonly originalSize: number;
  })[];
}

/** Bytes that are read, sealed and written at a time. */
const CHUNK = 256 * PAGE_SIZE;

/**
 * Builds an image in memory.
 *
 * @throws as {@link writeSeImageTo}.
 */
export async function writeSeImage(options: SeImageOptions): Promise<Uint8Array> {
  let image = new Uint8Array(0);
  let end = 0;
  await writeSeImageTo(
    {
      write(offset, bytes) {
        if (offset + bytes.length > image.length) {
          const larger = new Uint8Array(Math.max(offset + bytes.length, image.length * 2));
          larger.set(image);
          image = larger;
        }
        image.set(bytes, offset);
        end = Math.max(end, offset + bytes.length);
      },
    },
    options,
  );
  return image.subarray(0, end);
}

/**
 * Builds an image piece by piece; no more than some MiB are held.
 *
 * @throws LF-IMAGE-015 number of host keys, -050 ELF kernel, -051 no s390x kernel, -052 command line too long,
 *   -053 loaders, -054 length of a key, -055 a component changed while it was read, LF-KEY-001 host key off P-521.
 */
export async function writeSeImageTo(sink: ImageSink, options: SeImageOptions): Promise<WrittenSeImage> {
  const random = options.random ?? randomBytes;
  const keys = {
    cck: keyOf("customer communication key", 32, options.cck, random),
    headerKey: keyOf("header protection key", 32, options.headerKey, random),
    imageKey: keyOf("image key", IMAGE_KEY_SIZE, options.imageKey, random),
  };
  checkSlotCount(options.hostKeys.length);
  checkLoaders(options.loaders);
  const plan = await planImage(options, random);

  const pcf = options.pcf ?? PCF_DEFAULT;
  const digests = new PageDigests();
  const seal = new Sealer(
    sink,
    (pcf & Pcf.noComponentEncryption) === 0n ? keys.imageKey : undefined,
    digests,
  );
  const total = plan.components.reduce((sum, component) => sum + component.length, 0);
  options.onProgress?.(0, total);
  for (const component of plan.components) {
    await seal.component(component, (done) => options.onProgress?.(done, total));
  }

  const stage3bAddress = BigInt(plan.components.at(-1)?.address ?? 0);
  const header = buildSeHeader({
    customerKey: options.customerKey ?? generateKeyPairSync("ec", { namedCurve: CURVE }).privateKey,
    hostKeys: options.hostKeys,
    headerKey: keys.headerKey,
    iv: random(12),
    pcf,
    digests: digests.values(),
    secrets: {
      cck: keys.cck,
      imageKey: keys.imageKey,
      psw: { mask: PSW_MASK_64BIT, address: options.pswAddress ?? stage3bAddress },
      scf: options.scf ?? SCF_DEFAULT,
    },
  });
  const size = await writeFrame(sink, plan, header, options.loaders.stage3a);
  return {
    size,
    headerAddress: plan.headerAddress,
    headerSize: header.length,
    ipibAddress: plan.ipibAddress,
    pageCount: total / PAGE_SIZE,
    components: plan.components.map(({ kind, address, length, tweakPrefix, source }) => ({
      kind,
      address,
      length,
      tweakPrefix,
      originalSize: source.size,
    })),
  };
}

interface PlannedComponent extends IpibComponent {
  readonly kind: ComponentKind;
  readonly source: ComponentSource;
}

interface Plan {
  readonly layout: ImageLayout;
  readonly headerAddress: number;
  readonly ipibAddress: number;
  /** In the order of their addresses, stage3b last. */
  readonly components: readonly PlannedComponent[];
}

/** Fixes every address before anything is written, so that stage3b can be told where the others are. */
async function planImage(options: SeImageOptions, random: (length: number) => Uint8Array): Promise<Plan> {
  const layout = options.layout ?? "pvimg";
  const kernel = asSource(options.kernel);
  const cmdline = options.cmdline === undefined ? undefined : terminated(options.cmdline);
  if (options.noComponentCheck !== true) await checkComponents(kernel, cmdline);

  const loaderEnd = roundUpToPage(STAGE3A_AT + options.loaders.stage3a.length);
  const cToolIpib = Math.max(loaderEnd, C_TOOL_IPIB_AT);
  const headerAddress =
    layout === "pvimg" ? Math.max(loaderEnd, HEADER_SEARCH_FROM) : cToolIpib + IPIB_MAX_SIZE;

  let next = headerAddress + roundUpToPage(seHeaderSize(options.hostKeys.length));
  const place = (kind: ComponentKind, source: ComponentSource): PlannedComponent => {
    const address = next;
    const length = roundUpToPage(Math.max(source.size, 1));
    next += length;
    return { kind, source, address, length, tweakPrefix: tweakPrefix(layout, kind, random) };
  };
  const parts: Partial<Record<ComponentKind, ComponentSource>> = { kernel };
  if (options.initrd !== undefined) parts.initrd = asSource(options.initrd);
  if (cmdline !== undefined) parts.cmdline = asSource(cmdline);

  const order: readonly ComponentKind[] =
    layout === "pvimg" ? ["kernel", "initrd", "cmdline"] : ["kernel", "cmdline", "initrd"];
  const placed = order.flatMap((kind) => {
    const source = parts[kind];
    return source === undefined ? [] : [place(kind, source)];
  });
  const components = [...placed, place("stage3b", asSource(stage3bFor(options.loaders, placed)))];
  return { layout, headerAddress, ipibAddress: layout === "pvimg" ? next : cToolIpib, components };
}

function stage3bFor(loaders: Loaders, placed: readonly PlannedComponent[]): Uint8Array {
  const blob = (kind: ComponentKind) => {
    const component = placed.find((candidate) => candidate.kind === kind);
    return component === undefined ? undefined : { address: component.address, size: component.source.size };
  };
  return renderStage3b(loaders.stage3b, {
    kernel: blob("kernel") ?? { address: 0, size: 0 },
    cmdline: blob("cmdline"),
    initrd: blob("initrd"),
  });
}

function tweakPrefix(
  layout: ImageLayout,
  kind: ComponentKind,
  random: (length: number) => Uint8Array,
): bigint {
  const noise = random(6).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return (BigInt(TWEAK_KINDS[layout][kind]) << 48n) | noise;
}

/** Everything around the components. Returns the size of the file. */
async function writeFrame(
  sink: ImageSink,
  plan: Plan,
  header: Uint8Array,
  stage3a: Uint8Array,
): Promise<number> {
  const { layout, headerAddress, ipibAddress, components } = plan;
  const isPvimg = layout === "pvimg";
  const ipib = buildIpib({ components, headerAddress, headerSize: header.length, layout });
  const places = { headerAddress, headerSize: header.length, ipibAddress };
  await sink.write(headerAddress, header);
  await sink.write(ipibAddress, ipib);
  await sink.write(STAGE3A_AT, renderStage3a(stage3a, places));
  await sink.write(0, buildShortPsw(STAGE3A_ENTRY));
  if (isPvimg)
    await sink.write(METADATA_AT, buildMetadata({ headerOffset: headerAddress, ipibOffset: ipibAddress }));
  const last = components.at(-1);
  return isPvimg || last === undefined ? ipibAddress + ipib.length : last.address + last.length;
}

/** Pads, encrypts, digests and writes component after component. */
class Sealer {
  readonly #sink: ImageSink;
  readonly #cipher: PageXts | undefined;
  readonly #digests: PageDigests;
  #done = 0;

  /** @param imageKey undefined to leave the pages in plain text. */
  constructor(sink: ImageSink, imageKey: Uint8Array | undefined, digests: PageDigests) {
    this.#sink = sink;
    this.#cipher = imageKey === undefined ? undefined : new PageXts("encrypt", imageKey);
    this.#digests = digests;
  }

  async component(component: PlannedComponent, onProgress: (done: number) => void): Promise<void> {
    const { address, length, tweakPrefix: prefix, source, kind } = component;
    for (let offset = 0; offset < length; offset += CHUNK) {
      const wanted = Math.max(0, Math.min(CHUNK, source.size - offset));
      const plain = await source.read(offset, wanted);
      if (plain.length !== wanted) throw changedWhileRead(kind, offset, wanted, plain.length);
      const pages = new Uint8Array(Math.min(CHUNK, length - offset));
      pages.set(plain);
      const tweaks = pageTweaks(prefix, offset, pages.length / PAGE_SIZE);
      this.#cipher?.apply(pages, tweaks);
      this.#digests.addPages(pages, address + offset, tweaks);
      await this.#sink.write(address + offset, pages);
      this.#done += pages.length;
      onProgress(this.#done);
    }
  }
}

function changedWhileRead(kind: ComponentKind, offset: number, wanted: number, got: number): ImageError {
  return new ImageError(
    "LF-IMAGE-055",
    `the ${kind} gave ${got} of ${wanted} bytes at ${hex(offset)}: it changed while it was read`,
    { offset, hint: "Run the command again when nothing writes to the file." },
  );
}

function keyOf(
  what: string,
  length: number,
  given: Uint8Array | undefined,
  random: (length: number) => Uint8Array,
): Uint8Array {
  const key = given ?? random(length);
  if (key.length !== length) {
    throw new ImageError(
      "LF-IMAGE-054",
      `the ${what} has ${key.length} bytes; exactly ${length} are wanted`,
      {
        hint: `Make one with: head -c ${length} /dev/urandom`,
      },
    );
  }
  const half = length / 2;
  if (length === IMAGE_KEY_SIZE && Buffer.compare(key.subarray(0, half), key.subarray(half)) === 0) {
    throw new ImageError("LF-IMAGE-056", `the two halves of the ${what} are equal, which AES-XTS forbids`, {
      hint: "Use 64 random bytes.",
    });
  }
  return key;
}
