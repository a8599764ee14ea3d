/** The parameter blocks at the end of the two loaders, filled in when an image is built. */
import { FieldWriter } from "./bytes.ts";
import { STAGE3A_AT, STAGE3A_ENTRY } from "./image-layout.ts";
import { ImageError } from "./image-error.ts";
import { PSW_MASK_64BIT } from "./se-header.ts";

const STAGE3A_PARAMETERS = 24;
const STAGE3B_PARAMETERS = 64;
/** Entry of a Linux kernel. */
const KERNEL_ENTRY = 0x10000n;

/** Loader programs. Each ends in a block of parameters (24 and 64 bytes) that the image builder overwrites. */
export interface Loaders {
  /** Plain-text loader at 0x10000, entered at 0x11000: asks for the secure transition. */
  readonly stage3a: Uint8Array;
  /** Secure loader, first code inside the configuration: puts kernel, command line and RAM disk in place. */
  readonly stage3b: Uint8Array;
}

/** Where a component lies and how long it was before padding. */
export interface LoaderBlob {
  readonly address: number;
  readonly size: number;
}

/** @throws LF-IMAGE-053 when a loader is too short to be one. */
export function checkLoaders(loaders: Loaders): void {
  const least = { stage3a: STAGE3A_ENTRY - STAGE3A_AT + STAGE3A_PARAMETERS, stage3b: STAGE3B_PARAMETERS };
  for (const name of ["stage3a", "stage3b"] as const) {
    if (loaders[name].length > least[name]) continue;
    throw new ImageError("LF-IMAGE-053", `${name} has ${loaders[name].length} bytes, too few for a loader`, {
      hint: "Take stage3a.bin and stage3b_reloc.bin as s390-tools installs them, or leave the option out.",
    });
  }
}

/** stage3a with the places of header and IPIB, which must lie behind it. */
export function renderStage3a(
  stage3a: Uint8Array,
  places: { headerAddress: number; headerSize: number; ipibAddress: number },
): Uint8Array {
  const at = stage3a.length - STAGE3A_PARAMETERS;
  const here = STAGE3A_AT + at;
  const rendered = new Uint8Array(stage3a);
  const parameters = new FieldWriter(STAGE3A_PARAMETERS)
    .u64(0x00, BigInt(places.headerAddress - here))
    .u64(0x08, BigInt(places.headerSize))
    .u64(0x10, BigInt(places.ipibAddress - here));
  rendered.set(parameters.bytes, at);
  return rendered;
}

/** stage3b with the places of what it is to move. */
export function renderStage3b(
  stage3b: Uint8Array,
  blobs: { kernel: LoaderBlob; cmdline?: LoaderBlob | undefined; initrd?: LoaderBlob | undefined },
): Uint8Array {
  const rendered = new Uint8Array(stage3b);
  const parameters = new FieldWriter(STAGE3B_PARAMETERS);
  [blobs.kernel, blobs.cmdline, blobs.initrd].forEach((blob, n) => {
    if (blob === undefined) return;
    parameters.u64(16 * n, BigInt(blob.address)).u64(16 * n + 8, BigInt(blob.size));
  });
  parameters.u64(0x30, PSW_MASK_64BIT).u64(0x38, KERNEL_ENTRY);
  rendered.set(parameters.bytes, stage3b.length - STAGE3B_PARAMETERS);
  return rendered;
}
