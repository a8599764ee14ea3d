import { BootError } from "./boot-error.ts";
import { isElf, parseElf, type Segment } from "./elf-kernel.ts";
import { foreignArchitecture, wrapping } from "./foreign-kernel.ts";
import { findSecureImage } from "./secure-image-signature.ts";

export interface DirectBootOptions {
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array;
  /** Kernel command line. */
  readonly append?: string;
  /** Storage in bytes. */
  readonly storageSize: number;
}

/** What to put where, and where to start. The same plan is applied again at each re-IPL. */
export interface BootPlan {
  /**
   * `linux`: starts at X'10000' and reads its parameter area. `secure-execution`: an image that will ask to
   * become protected. `program`: anything else.
   */
  readonly kind: "linux" | "secure-execution" | "program";
  /** To be stored in this order; later ones can lie in earlier ones. */
  readonly segments: readonly Segment[];
  readonly psw: { readonly mask: bigint; readonly address: bigint };
  /** Options that were given and have no effect, because this kernel cannot see them. */
  readonly ineffective: readonly ("initrd" | "append")[];
}

/** 64-bit addressing, everything else zero. */
const BOOT_PSW_MASK = 0x0000000180000000n;
const LINUX_START = 0x10000;
const LINUX_OLD_ENTRY = 0x800; // of kernels before 3.3, which start at X'10000' all the same
const LINUX_MAGIC_AT = 0x10008;
const LINUX_MAGIC = new TextEncoder().encode("S390EP");
const INITRD_PARAMETERS_AT = 0x10408; // address 8, size 8
const COMMAND_LINE_LIMIT_AT = 0x10430;
const COMMAND_LINE_AT = 0x10480;
const LEGACY_COMMAND_LINE_LIMIT = 896n;
const INITRD_FIRST = 0x800000;
const INITRD_STEP = 0x100000;
const SHORT_PSW_ADDRESS = 0x7fffffff;
const SHORT_PSW_BIT_12 = 0x00080000;

/**
 * Plan what `-kernel`, `-initrd` and `-append` do, by the rules of QEMU's s390-ipl device.
 * @throws BootError LF-BOOT-001 for another architecture, -002 wrapped, -003 broken ELF file, -004 no kernel at
 *   all, -005 kernel larger than storage, -006 command line too long, -007 no room for the initial RAM disk
 */
export function planDirectBoot(options: DirectBootOptions): BootPlan {
  const { kernel, storageSize } = options;
  const image = isElf(kernel) ? parseElf(kernel) : parseRaw(kernel);
  const end = Math.max(...image.segments.map(endOf));
  if (end > storageSize) {
    throw new BootError(
      "LF-BOOT-005",
      `could not load kernel: it needs storage up to 0x${end.toString(16)}, and there are 0x${storageSize.toString(16)} bytes`,
      "give the machine more storage (-m)",
    );
  }
  const secure = findSecureImage(kernel);
  const start = image.entry === LINUX_OLD_ENTRY ? LINUX_START : image.entry;
  if (secure) return { ...plan(start, image.segments, "secure-execution"), ineffective: given(options) };

  const kind = start === LINUX_START ? "linux" : "program";
  const commandLine = kind === "linux" ? placeCommandLine(image.segments, options.append ?? "") : undefined;
  const initrd = options.initrd && placeInitrd(image.segments, options.initrd, storageSize);
  return {
    ...plan(start, [...image.segments, ...(commandLine ?? []), ...(initrd?.segments ?? [])], kind),
    ineffective: given(options).filter((option) =>
      option === "append" ? commandLine === undefined : initrd?.announced === false,
    ),
  };
}

function plan(
  start: number,
  segments: readonly Segment[],
  kind: BootPlan["kind"],
): Omit<BootPlan, "ineffective"> {
  return { kind, segments, psw: { mask: BOOT_PSW_MASK, address: BigInt(start) } };
}

function given({ initrd, append }: DirectBootOptions): ("initrd" | "append")[] {
  return [...(initrd === undefined ? [] : ["initrd" as const]), ...(append ? ["append" as const] : [])];
}

/** A file without structure goes to absolute 0; Linux starts at its fixed address, others at their short PSW. */
function parseRaw(file: Uint8Array): { entry: number; segments: Segment[] } {
  const architecture = foreignArchitecture(file);
  if (architecture !== undefined) {
    throw new BootError(
      "LF-BOOT-001",
      `the kernel is for ${architecture}, not for s390x`,
      "give an s390x kernel",
    );
  }
  const wrapper = wrapping(file);
  if (wrapper !== undefined) {
    throw new BootError(
      "LF-BOOT-002",
      `the kernel is wrapped: it is a ${wrapper} file`,
      "give what is inside",
    );
  }
  const segments = [{ address: 0, bytes: file, zeros: 0 }];
  const magic = file.subarray(LINUX_MAGIC_AT, LINUX_MAGIC_AT + LINUX_MAGIC.length);
  if (magic.length === LINUX_MAGIC.length && magic.every((byte, i) => byte === LINUX_MAGIC[i])) {
    return { entry: LINUX_START, segments };
  }
  const entry = shortPswAddress(file);
  if (entry === undefined || entry >= file.length) {
    throw new BootError(
      "LF-BOOT-004",
      `the kernel of ${file.length} bytes is no s390x kernel: neither an ELF executable, nor marked S390EP, nor begun by a PSW`,
      "give an s390x kernel",
    );
  }
  return { entry, segments };
}

/** Address in the short-format PSW that the file begins with, if it is one that a CPU accepts. */
function shortPswAddress(file: Uint8Array): number | undefined {
  if (file.length < 8) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const address = view.getUint32(4) & SHORT_PSW_ADDRESS;
  return (view.getUint32(0) & SHORT_PSW_BIT_12) !== 0 && address % 2 === 0 ? address : undefined;
}

/** The command line where Linux looks for it; undefined: the image does not reach that far, so there is none. */
function placeCommandLine(segments: readonly Segment[], text: string): Segment[] | undefined {
  const bytes = new TextEncoder().encode(`${text}\0`);
  if (find(segments, COMMAND_LINE_AT, bytes.length) === undefined) return undefined;
  const limit = readDoubleword(segments, COMMAND_LINE_LIMIT_AT) || LEGACY_COMMAND_LINE_LIMIT;
  if (BigInt(bytes.length) > limit) {
    throw new BootError(
      "LF-BOOT-006",
      `kernel command line exceeds maximum size: ${bytes.length} > ${limit}`,
      "shorten the command line (-append)",
    );
  }
  return [{ address: COMMAND_LINE_AT, bytes, zeros: 0 }];
}

/** The initial RAM disk above the kernel, and its address and size where Linux looks for them. */
function placeInitrd(
  segments: readonly Segment[],
  bytes: Uint8Array,
  storageSize: number,
): { segments: Segment[]; announced: boolean } {
  const kernelSize = Math.max(...segments.map(endOf)) - Math.min(...segments.map(({ address }) => address));
  let address = INITRD_FIRST;
  while (kernelSize + INITRD_STEP > address) address += INITRD_STEP;
  if (address + bytes.length > storageSize) {
    throw new BootError(
      "LF-BOOT-007",
      `could not load initrd: ${bytes.length} bytes at 0x${address.toString(16)} do not fit storage of 0x${storageSize.toString(16)} bytes`,
      "give the machine more storage (-m)",
    );
  }
  const placed = { address, bytes, zeros: 0 };
  if (find(segments, INITRD_PARAMETERS_AT, 16) === undefined) return { segments: [placed], announced: false };
  const parameters = new Uint8Array(16);
  const view = new DataView(parameters.buffer);
  view.setBigUint64(0, BigInt(address));
  view.setBigUint64(8, BigInt(bytes.length));
  return {
    segments: [placed, { address: INITRD_PARAMETERS_AT, bytes: parameters, zeros: 0 }],
    announced: true,
  };
}

function endOf({ address, bytes, zeros }: Segment): number {
  return address + bytes.length + zeros;
}

/** Bytes of the image at an absolute address, if one segment has all of them. */
function find(segments: readonly Segment[], address: number, length: number): Uint8Array | undefined {
  const segment = segments.find(
    (s) => s.address <= address && s.address + s.bytes.length >= address + length,
  );
  return segment?.bytes.subarray(address - segment.address, address - segment.address + length);
}

function readDoubleword(segments: readonly Segment[], address: number): bigint {
  const bytes = find(segments, address, 8);
  return bytes === undefined ? 0n : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
}
