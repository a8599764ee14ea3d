/**
 * SE header version 0x100: the part of an image that says for whom it is, what it consists of and how it
 * starts. Plain text up to the key slots (authenticated), then an AES-256-GCM encrypted area, then the tag.
 */
import { createCipheriv, type KeyObject } from "node:crypto";
import { ascii, FieldReader, FieldWriter, hex, PAGE_SIZE, sameBytes } from "./bytes.ts";
import { encodePoint, POINT_SIZE } from "./ec-point.ts";
import { ImageError } from "./image-error.ts";
import {
  decodeKeySlot,
  encodeKeySlot,
  KEY_SLOT_SIZE,
  type KeySlot,
  openGcm,
  wrapKey,
} from "./key-exchange.ts";

/** ASCII `IBMSecEx`. */
export const SE_HEADER_MAGIC = ascii("IBMSecEx");
export const SE_HEADER_VERSION = 0x100;
/** A header takes at most two pages. */
export const SE_HEADER_MAX_SIZE = 2 * PAGE_SIZE;
/** Default PSW mask: 64-bit addressing, everything else off. */
export const PSW_MASK_64BIT = 0x0000_0001_8000_0000n;

/** Offset of the first key slot. */
export const SLOTS_AT = 0x1a0;
/** Size of the encrypted area without optional items. */
export const SECRET_SIZE = 0x80;
const TAG_SIZE = 16;

/** The three digests over all unpacked pages, 64 bytes each (SHA-512), and how many pages went in. */
export interface PageDigestValues {
  /** Contents as stored. */
  readonly pld: Uint8Array;
  /** Guest absolute addresses. */
  readonly ald: Uint8Array;
  /** Tweaks. */
  readonly tld: Uint8Array;
  readonly pageCount: bigint;
}

/** What everybody can read in an SE header. */
export interface SeHeader {
  readonly version: number;
  /** Size of the whole header, tag included. */
  readonly size: number;
  readonly iv: Uint8Array;
  readonly pcf: bigint;
  /** Customer public key, 160-byte coordinate encoding. */
  readonly customerKey: Uint8Array;
  readonly digests: PageDigestValues;
  readonly slots: readonly KeySlot[];
  /** Encrypted area as stored. */
  readonly encrypted: Uint8Array;
  /** GCM tag; attestation and add-secret requests name an image by it. */
  readonly tag: Uint8Array;
}

/** What only the holder of the header protection key can read. */
export interface SeHeaderSecrets {
  /** Customer communication key, 32 bytes. */
  readonly cck: Uint8Array;
  /** AES-256-XTS key of the components: 32 bytes data key, 32 bytes tweak key. */
  readonly imageKey: Uint8Array;
  readonly psw: { readonly mask: bigint; readonly address: bigint };
  readonly scf: bigint;
  /** Optional items: no known tool writes one. */
  readonly optionalItemCount: number;
}

/** Size of a header with that many key slots and no optional items. */
export function seHeaderSize(slotCount: number): number {
  return SLOTS_AT + KEY_SLOT_SIZE * slotCount + SECRET_SIZE + TAG_SIZE;
}

/** What is wrong with the shape of a header; the Ultravisor maps each kind to a return code. */
export type SeHeaderFault = "magic" | "version" | "size" | "no-slots" | "encrypted-size";

/**
 * Takes a header apart without any key. `bytes` may go on after the header; its own size field counts.
 *
 * @param base file offset of `bytes[0]`, for messages.
 * @throws LF-IMAGE-001 truncated, LF-IMAGE-010 magic, -011 version, -012 sizes disagree, -013 no key slot,
 *   -014 size of the encrypted area.
 */
export function parseSeHeader(bytes: Uint8Array, base = 0): SeHeader {
  const outcome = inspectSeHeader(bytes, base);
  if (outcome.header !== undefined) return outcome.header;
  throw faultError(outcome.fault, bytes, base);
}

/** As {@link parseSeHeader}, with the first fault as a value. Truncation counts as fault `size`. */
export function inspectSeHeader(
  bytes: Uint8Array,
  base = 0,
): { header: SeHeader } | { header: undefined; fault: SeHeaderFault } {
  const reader = new FieldReader(bytes, "SE header", base);
  const bad = (fault: SeHeaderFault) => ({ header: undefined, fault });
  if (bytes.length < SLOTS_AT) {
    return bad(bytes.length >= 8 && !sameBytes(bytes.subarray(0, 8), SE_HEADER_MAGIC) ? "magic" : "size");
  }
  if (!sameBytes(bytes.subarray(0, 8), SE_HEADER_MAGIC)) return bad("magic");
  if (reader.u32(0x08) !== SE_HEADER_VERSION) return bad("version");

  const size = reader.u32(0x0c);
  if (size > SE_HEADER_MAX_SIZE || size > bytes.length) return bad("size");
  const slotCount = reader.u64(0x20);
  if (slotCount === 0n) return bad("no-slots");
  const encryptedSize = reader.u64(0x28);
  if (encryptedSize < BigInt(SECRET_SIZE) || encryptedSize % 16n !== 0n || encryptedSize > BigInt(size)) {
    return bad("encrypted-size");
  }
  if (BigInt(SLOTS_AT + TAG_SIZE) + BigInt(KEY_SLOT_SIZE) * slotCount + encryptedSize !== BigInt(size)) {
    return bad("size");
  }

  const slots = Array.from({ length: Number(slotCount) }, (_, n) =>
    decodeKeySlot(reader, SLOTS_AT + n * KEY_SLOT_SIZE),
  );
  const encryptedAt = SLOTS_AT + slots.length * KEY_SLOT_SIZE;
  return {
    header: {
      version: SE_HEADER_VERSION,
      size,
      iv: reader.slice(0x10, 12),
      pcf: reader.u64(0x38),
      customerKey: reader.slice(0x40, POINT_SIZE),
      digests: {
        pld: reader.slice(0xe0, 64),
        ald: reader.slice(0x120, 64),
        tld: reader.slice(0x160, 64),
        pageCount: reader.u64(0x30),
      },
      slots,
      encrypted: reader.slice(encryptedAt, Number(encryptedSize)),
      tag: reader.slice(size - TAG_SIZE, TAG_SIZE),
    },
  };
}

/**
 * Decrypts the secret part. `bytes` are those that `header` was parsed from (they are authenticated with it).
 * Undefined when the tag does not fit: wrong key, or somebody changed a bit.
 */
export function openSecrets(
  bytes: Uint8Array,
  header: SeHeader,
  headerKey: Uint8Array,
): SeHeaderSecrets | undefined {
  const aad = bytes.subarray(0, SLOTS_AT + header.slots.length * KEY_SLOT_SIZE);
  const { iv, encrypted: ciphertext, tag } = header;
  const plain = openGcm({ key: headerKey, iv, ciphertext, tag, aad });
  return plain === undefined
    ? undefined
    : decodeSecrets(new FieldReader(plain, "encrypted area of the SE header"));
}

/** All that goes into a header. Keys and IV are given, so the outcome is a function of the input. */
export interface SeHeaderInput {
  /** Ephemeral P-521 private key, made for this image alone. */
  readonly customerKey: KeyObject;
  /** Public keys of the hosts that may start the image, at least one. */
  readonly hostKeys: readonly KeyObject[];
  /** Header protection key, 32 bytes. */
  readonly headerKey: Uint8Array;
  /** GCM IV, 12 bytes. */
  readonly iv: Uint8Array;
  readonly pcf: bigint;
  readonly digests: PageDigestValues;
  readonly secrets: Omit<SeHeaderSecrets, "optionalItemCount">;
}

/**
 * Builds a header.
 *
 * @throws LF-KEY-001 for a key off secp521r1; LF-IMAGE-015 for no or too many host keys.
 */
export function buildSeHeader(input: SeHeaderInput): Uint8Array {
  const size = seHeaderSize(input.hostKeys.length);
  checkSlotCount(input.hostKeys.length);
  const writer = new FieldWriter(size)
    .set(0x00, SE_HEADER_MAGIC)
    .u32(0x08, SE_HEADER_VERSION)
    .u32(0x0c, size)
    .set(0x10, input.iv)
    .u64(0x20, BigInt(input.hostKeys.length))
    .u64(0x28, BigInt(SECRET_SIZE))
    .u64(0x30, input.digests.pageCount)
    .u64(0x38, input.pcf)
    .set(0x40, encodePoint(input.customerKey))
    .set(0xe0, input.digests.pld)
    .set(0x120, input.digests.ald)
    .set(0x160, input.digests.tld);
  let at = SLOTS_AT;
  for (const hostKey of input.hostKeys) {
    writer.set(at, encodeKeySlot(wrapKey(input.headerKey, input.customerKey, hostKey)));
    at += KEY_SLOT_SIZE;
  }
  const cipher = createCipheriv("aes-256-gcm", input.headerKey, input.iv).setAAD(
    writer.bytes.subarray(0, at),
  );
  writer.set(at, Buffer.concat([cipher.update(encodeSecrets(input.secrets)), cipher.final()]));
  return writer.set(at + SECRET_SIZE, cipher.getAuthTag()).bytes;
}

/** @throws LF-IMAGE-015 when a header cannot hold that many key slots. */
export function checkSlotCount(count: number): void {
  if (count >= 1 && seHeaderSize(count) <= SE_HEADER_MAX_SIZE) return;
  const most = Math.floor((SE_HEADER_MAX_SIZE - seHeaderSize(0)) / KEY_SLOT_SIZE);
  throw new ImageError("LF-IMAGE-015", `${count} host keys were given; an SE header holds 1 to ${most}`, {
    hint: "Give each host key document once with -k.",
  });
}

function encodeSecrets(secrets: SeHeaderInput["secrets"]): Uint8Array {
  return new FieldWriter(SECRET_SIZE)
    .set(0x00, secrets.cck)
    .set(0x20, secrets.imageKey)
    .u64(0x60, secrets.psw.mask)
    .u64(0x68, secrets.psw.address)
    .u64(0x70, secrets.scf).bytes;
}

function decodeSecrets(reader: FieldReader): SeHeaderSecrets {
  return {
    cck: reader.slice(0x00, 32),
    imageKey: reader.slice(0x20, 64),
    psw: { mask: reader.u64(0x60), address: reader.u64(0x68) },
    scf: reader.u64(0x70),
    optionalItemCount: reader.u32(0x78),
  };
}

function faultError(fault: SeHeaderFault, bytes: Uint8Array, base: number): ImageError {
  const reader = new FieldReader(bytes, "SE header", base);
  switch (fault) {
    case "magic":
      return new ImageError("LF-IMAGE-010", "there is no SE header: the magic IBMSecEx is missing", {
        offset: base,
        hint: "Is this a Secure Execution image?",
      });
    case "version":
      return new ImageError(
        "LF-IMAGE-011",
        `SE header version ${hex(reader.u32(8), 3)} is unknown; 0x100 is understood`,
        { offset: base + 8 },
      );
    case "no-slots":
      return new ImageError("LF-IMAGE-013", "the SE header has no key slot, so no host can open it", {
        offset: base + 0x20,
      });
    case "encrypted-size":
      return new ImageError(
        "LF-IMAGE-014",
        `the SE header claims an encrypted area of ${hex(reader.u64(0x28))} bytes; it must be a multiple of 16, at least 0x80, inside the header`,
        { offset: base + 0x28 },
      );
    case "size":
      return bytes.length < SLOTS_AT
        ? new ImageError(
            "LF-IMAGE-001",
            `SE header is truncated: ${hex(SLOTS_AT)} bytes are wanted, ${hex(bytes.length)} are there`,
            { offset: base },
          )
        : new ImageError(
            "LF-IMAGE-012",
            `the SE header claims ${hex(reader.u32(0xc))} bytes with ${reader.u64(0x20)} key slots; that does not add up or does not fit (${hex(bytes.length)} bytes are there, 0x2000 is the most)`,
            { offset: base + 0xc },
          );
  }
}
