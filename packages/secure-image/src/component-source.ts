import { ascii, FieldReader, sameBytes } from "./bytes.ts";
import { ImageError } from "./image-error.ts";

/** Bytes of a component: in memory, or read piece by piece. */
export interface ComponentSource {
  /** Total number of bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset` on. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

export function asSource(component: Uint8Array | ComponentSource): ComponentSource {
  if (!(component instanceof Uint8Array)) return component;
  return { size: component.length, read: (offset, length) => component.subarray(offset, offset + length) };
}

/** The command line with the terminating NUL that the loader insists on. */
export function terminated(cmdline: Uint8Array): Uint8Array {
  if (cmdline.length > 0 && cmdline[cmdline.length - 1] === 0) return cmdline;
  const whole = new Uint8Array(cmdline.length + 1);
  whole.set(cmdline);
  return whole;
}

const ELF_MAGIC = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46);
/** What kernels of other architectures and packed files start with, to tell people what they have in hand. */
const STRANGERS: readonly { at: number; magic: Uint8Array; name: string }[] = [
  { at: 0x202, magic: ascii("HdrS"), name: "an x86 kernel (bzImage)" },
  { at: 0x38, magic: ascii("ARMd"), name: "an arm64 kernel" },
  { at: 0x30, magic: ascii("RISCV"), name: "a RISC-V kernel" },
  { at: 0, magic: Uint8Array.of(0x1f, 0x8b), name: "a gzip-compressed file" },
  { at: 0, magic: Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a), name: "an xz-compressed file" },
  { at: 0, magic: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), name: "a zstd-compressed file" },
];
const S390EP_AT = 0x10008;
const S390EP = ascii("S390EP");
const MAX_CMDLINE_AT = 0x10430;
const LEGACY_MAX_CMDLINE = 896;
const SE_MAGIC_AT = 0xc000;

/**
 * Checks that a kernel is a raw s390x Linux kernel and that the command line (NUL included) fits it.
 *
 * @throws LF-IMAGE-050 ELF file, LF-IMAGE-051 no s390x kernel, LF-IMAGE-052 command line too long.
 */
export async function checkComponents(
  kernel: ComponentSource,
  cmdline: Uint8Array | undefined,
): Promise<void> {
  const head = await kernel.read(0, Math.min(kernel.size, MAX_CMDLINE_AT + 8));
  if (startsWith(head, 0, ELF_MAGIC)) {
    throw new ImageError("LF-IMAGE-050", "the kernel is an ELF file; only raw binary kernels can be sealed", {
      offset: 0,
      hint: "Take arch/s390/boot/bzImage of a kernel build, or a distribution's /boot/vmlinuz.",
    });
  }
  if (!startsWith(head, S390EP_AT, S390EP) || head.length < MAX_CMDLINE_AT + 8) {
    const stranger = STRANGERS.find(({ at, magic }) => startsWith(head, at, magic));
    const sealed = startsWith(head, SE_MAGIC_AT, ascii("SeImgLnx"));
    const looks = sealed ? "a Secure Execution image already" : stranger?.name;
    throw new ImageError(
      "LF-IMAGE-051",
      `the kernel is no raw s390x Linux kernel: S390EP is missing${looks === undefined ? "" : `; it looks like ${looks}`}`,
      {
        offset: S390EP_AT,
        hint: "Give an uncompressed s390x kernel, or --no-component-check for something else.",
      },
    );
  }
  const claimed = new FieldReader(head, "kernel").u64(MAX_CMDLINE_AT);
  const most = claimed === 0n ? BigInt(LEGACY_MAX_CMDLINE) : claimed;
  if (cmdline !== undefined && BigInt(cmdline.length) > most) {
    throw new ImageError(
      "LF-IMAGE-052",
      `the command line has ${cmdline.length} bytes with its NUL; this kernel takes ${most}`,
      { hint: "Shorten the command line." },
    );
  }
}

function startsWith(bytes: Uint8Array, at: number, magic: Uint8Array): boolean {
  return sameBytes(bytes.subarray(at, at + magic.length), magic);
}
