/**
 * What happens to each page of a component: AES-256-XTS under the image key with the page's tweak, and three
 * running SHA-512 digests over contents (as stored), addresses and tweaks.
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { PAGE_SIZE } from "./bytes.ts";
import type { PageDigestValues } from "./se-header.ts";

/** Bytes of a tweak: the component's 8-byte prefix, then the page's byte offset inside the component. */
export const TWEAK_SIZE = 16;
/** Bytes of the XTS key: data key, then tweak key. */
export const IMAGE_KEY_SIZE = 64;

const ALGORITHM = "aes-256-xts";

/** The tweak of one page. */
export function pageTweak(prefix: bigint, offsetInComponent: number): Uint8Array {
  return pageTweaks(prefix, offsetInComponent, 1);
}

/** The tweaks of consecutive pages, one after the other. */
export function pageTweaks(prefix: bigint, offsetInComponent: number, count: number): Uint8Array {
  const tweaks = new Uint8Array(TWEAK_SIZE * count);
  const view = new DataView(tweaks.buffer);
  for (let n = 0; n < count; n++) {
    view.setBigUint64(TWEAK_SIZE * n, prefix);
    view.setBigUint64(TWEAK_SIZE * n + 8, BigInt(offsetInComponent + n * PAGE_SIZE));
  }
  return tweaks;
}

/** Encrypts one page (4096 bytes). */
export function encryptPage(imageKey: Uint8Array, tweak: Uint8Array, page: Uint8Array): Uint8Array {
  return createCipheriv(ALGORITHM, imageKey, tweak).update(page);
}

/** Decrypts one page (4096 bytes). */
export function decryptPage(imageKey: Uint8Array, tweak: Uint8Array, page: Uint8Array): Uint8Array {
  return createDecipheriv(ALGORITHM, imageKey, tweak).update(page);
}

/** A running SHA-512. */
export interface ContentDigest {
  update(bytes: Uint8Array): void;
  /** 64 bytes: of all so far; more may follow. */
  value(): Uint8Array;
}

function contentDigest(): ContentDigest {
  const hash = createHash("sha512");
  return {
    update: (bytes) => void hash.update(bytes),
    value: () => new Uint8Array(hash.copy().digest()),
  };
}

/** The digests PLD, ALD and TLD and the page count, fed page by page in unpack order. */
export class PageDigests {
  readonly #pld: ContentDigest;
  readonly #ald = createHash("sha512");
  readonly #tld = createHash("sha512");
  #pageCount = 0n;

  /** @param contents what digests the pages themselves, nothing so far */
  constructor(contents: ContentDigest = contentDigest()) {
    this.#pld = contents;
  }

  /**
   * Adds one page.
   *
   * @param stored the 4096 bytes as they stand in the image, before decryption.
   * @param address guest absolute address.
   * @param tweak 16 bytes.
   */
  add(stored: Uint8Array, address: bigint, tweak: Uint8Array): void {
    const place = new Uint8Array(8);
    new DataView(place.buffer).setBigUint64(0, address);
    this.#pld.update(stored);
    this.#ald.update(place);
    this.#tld.update(tweak);
    this.#pageCount += 1n;
  }

  /** Adds consecutive pages; `stored` is a whole number of pages, `tweaks` has 16 bytes for each. */
  addPages(stored: Uint8Array, address: number, tweaks: Uint8Array): void {
    const count = stored.length / PAGE_SIZE;
    const places = new DataView(new ArrayBuffer(8 * count));
    for (let n = 0; n < count; n++) places.setBigUint64(8 * n, BigInt(address + n * PAGE_SIZE));
    this.#pld.update(stored);
    this.#ald.update(places);
    this.#tld.update(tweaks);
    this.#pageCount += BigInt(count);
  }

  /** The values so far; more pages may follow. */
  values(): PageDigestValues {
    return {
      pld: this.#pld.value(),
      ald: new Uint8Array(this.#ald.copy().digest()),
      tld: new Uint8Array(this.#tld.copy().digest()),
      pageCount: this.#pageCount,
    };
  }
}
