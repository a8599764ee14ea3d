import { z } from "zod";

/** Load parameter: which entry of a boot menu, or `PROMPT`. QEMU's alphabet. */
export const loadParameter = z
  .string()
  .regex(/^[A-Za-z0-9. ]{0,8}$/, "expected up to 8 letters, digits, dots and blanks");

/** Properties of a device that a machine can boot from, by QEMU's names. */
export const bootProperties = {
  bootindex: z.int().min(0).optional().meta({ description: "Place in the boot order, 0 first" }),
  loadparm: loadParameter.optional().meta({ description: "Load parameter when the machine boots from it" }),
} as const;

/** A device that a machine can boot from, and what is on it. */
export interface BootMedium {
  /** Place in the boot order; undefined: it has none, and is tried only when no device has one. */
  readonly index: number | undefined;
  readonly loadParameter: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Bytes in a block, as the guest is told. */
  readonly blockSize: number;
  /** Tracks in a cylinder and blocks in a track, of a disk that has such a layout. */
  readonly geometry: { readonly heads: number; readonly sectors: number } | undefined;
  /** Read all of `target` from a place within `size`. @throws what the host reports */
  read(offset: number, target: Uint8Array): void;
}
