/**
 * How a key travels to a host: ECDH on secp521r1 and a one-block ANSI X9.63 key derivation give a key-encryption
 * key; a key slot holds the wrapped key for one host. SE headers, attestation requests and add-secret requests
 * all use it.
 */
import { createCipheriv, createDecipheriv, createHash, diffieHellman, type KeyObject } from "node:crypto";
import { type FieldReader, FieldWriter } from "./bytes.ts";
import { publicKeyHash } from "./ec-point.ts";

/** Bytes of a key slot. */
export const KEY_SLOT_SIZE = 80;

/** The key of one image, wrapped for one host. */
export interface KeySlot {
  /** SHA-256 of the host's public key, 32 bytes. */
  readonly hostKeyHash: Uint8Array;
  /** AES-256-GCM encrypted key, 32 bytes. */
  readonly wrappedKey: Uint8Array;
  /** GCM tag, 16 bytes. */
  readonly tag: Uint8Array;
}

const ZERO_IV = new Uint8Array(12);

/** Key-encryption key (32 bytes) between a private key and the other side's public key. */
export function deriveKeyEncryptionKey(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  const shared = diffieHellman({ privateKey, publicKey });
  const counter = Uint8Array.of(0, 0, 0, 1);
  return createHash("sha256").update(shared).update(counter).digest();
}

/** Wraps a 32-byte key for the owner of `hostKey`. */
export function wrapKey(key: Uint8Array, customerPrivate: KeyObject, hostKey: KeyObject): KeySlot {
  const kek = deriveKeyEncryptionKey(customerPrivate, hostKey);
  const cipher = createCipheriv("aes-256-gcm", kek, ZERO_IV);
  const wrappedKey = Buffer.concat([cipher.update(key), cipher.final()]);
  return { hostKeyHash: publicKeyHash(hostKey), wrappedKey, tag: cipher.getAuthTag() };
}

/** The key of a slot, or undefined when its tag does not fit. */
export function unwrapKey(
  slot: KeySlot,
  hostPrivate: KeyObject,
  customerKey: KeyObject,
): Uint8Array | undefined {
  const kek = deriveKeyEncryptionKey(hostPrivate, customerKey);
  return openGcm({ key: kek, iv: ZERO_IV, ciphertext: slot.wrappedKey, tag: slot.tag });
}

/** AES-256-GCM decryption; undefined when the tag does not fit. */
export function openGcm(sealed: {
  key: Uint8Array;
  iv: Uint8Array;
  ciphertext: Uint8Array;
  tag: Uint8Array;
  aad?: Uint8Array;
}): Uint8Array | undefined {
  const decipher = createDecipheriv("aes-256-gcm", sealed.key, sealed.iv, { authTagLength: 16 });
  if (sealed.aad !== undefined) decipher.setAAD(sealed.aad);
  decipher.setAuthTag(sealed.tag);
  const plaintext = decipher.update(sealed.ciphertext);
  try {
    decipher.final();
  } catch {
    return undefined; // the only failure of final() here is a wrong tag
  }
  return plaintext;
}

export function encodeKeySlot(slot: KeySlot): Uint8Array {
  return new FieldWriter(KEY_SLOT_SIZE)
    .set(0x00, slot.hostKeyHash)
    .set(0x20, slot.wrappedKey)
    .set(0x40, slot.tag).bytes;
}

export function decodeKeySlot(reader: FieldReader, at: number): KeySlot {
  return {
    hostKeyHash: reader.slice(at, 32),
    wrappedKey: reader.slice(at + 0x20, 32),
    tag: reader.slice(at + 0x40, 16),
  };
}
