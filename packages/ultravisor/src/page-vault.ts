/**
 * Exported pages: what the host gets of a page of a protected guest, and what lets the Ultravisor recognise
 * that page when it comes back.
 *
 * The ciphertext is AES-256-XTS, because dump tools decrypt exported pages with one XTS key of 64 bytes and a
 * 16-byte tweak per page that is `component OR nonce` (s390-tools zdump). The component holds page number and
 * version, so no two exports share a tweak. AES-256-GMAC over the ciphertext, with page number and version as its
 * nonce, makes it an authenticated encryption (encrypt, then MAC). Tags never leave the vault, so a page can
 * neither be changed, nor replaced by an older version of itself, nor moved.
 */
import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from "node:crypto";

const ALGORITHM = "aes-256-xts";
const MAC_ALGORITHM = "aes-256-gcm";
const XTS_KEY_SIZE = 64;
const MAC_KEY_SIZE = 32;
const NONCE_SIZE = 16;
/** Bytes of page number and version in the component; the nonce has its random bits behind them. */
const NONCE_AT = 12;

interface Seal {
  readonly version: bigint;
  readonly tag: Uint8Array;
}

export class PageVault {
  readonly #xtsKey: Uint8Array = randomBytes(XTS_KEY_SIZE);
  readonly #macKey: Uint8Array = randomBytes(MAC_KEY_SIZE);
  readonly #nonce: Uint8Array = new Uint8Array(NONCE_SIZE);
  readonly #seals = new Map<number, Seal>();
  #version = 0n;

  constructor() {
    this.#nonce.set(randomBytes(NONCE_SIZE - NONCE_AT), NONCE_AT);
  }

  /** Number of pages that are out. */
  get size(): number {
    return this.#seals.size;
  }

  /** Encrypt a page and remember how to recognise it. */
  seal(page: number, plain: Uint8Array): Uint8Array {
    this.#version += 1n;
    const component = componentOf(page, this.#version);
    const sealed = createCipheriv(ALGORITHM, this.#xtsKey, this.#tweak(component)).update(plain);
    this.#seals.set(page, { version: this.#version, tag: this.#tag(component, sealed) });
    return sealed;
  }

  /**
   * Decrypt a page that comes back, and forget it.
   * @returns undefined if these are not the bytes of the last export of that page
   */
  open(page: number, sealed: Uint8Array): Uint8Array | undefined {
    const seal = this.#seals.get(page);
    if (seal === undefined) return undefined;
    const component = componentOf(page, seal.version);
    if (!timingSafeEqual(seal.tag, this.#tag(component, sealed))) return undefined;
    this.#seals.delete(page);
    return createDecipheriv(ALGORITHM, this.#xtsKey, this.#tweak(component)).update(sealed);
  }

  /** Overwrite the keys. Nothing that is out can come back. */
  destroy(): void {
    this.#xtsKey.fill(0);
    this.#macKey.fill(0);
    this.#nonce.fill(0);
    this.#seals.clear();
  }

  #tweak(component: Uint8Array): Uint8Array {
    return component.map((byte, i) => byte | (this.#nonce[i] ?? 0));
  }

  #tag(component: Uint8Array, sealed: Uint8Array): Uint8Array {
    const mac = createCipheriv(MAC_ALGORITHM, this.#macKey, component.subarray(0, NONCE_AT)).setAAD(sealed);
    mac.final();
    return mac.getAuthTag();
  }
}

/** Page number (4 bytes), version (8 bytes), zeros where the nonce goes. */
function componentOf(page: number, version: bigint): Uint8Array {
  const component = new Uint8Array(NONCE_SIZE);
  const view = new DataView(component.buffer);
  view.setUint32(0, page);
  view.setBigUint64(4, version);
  return component;
}
