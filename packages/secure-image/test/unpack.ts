import { PAGE_SIZE } from "../src/bytes.ts";
import { Pcf } from "../src/control-flags.ts";
import { openSeHeader } from "../src/open-se-header.ts";
import { decryptPage, PageDigests, pageTweak } from "../src/page-cipher.ts";
import { parseSeImage } from "../src/parse-se-image.ts";
import type { PageDigestValues, SeHeaderSecrets } from "../src/se-header.ts";
import { sampleHost } from "./sample-image.ts";

/** What a host makes of an image. */
export interface Unpacked {
  /** Plain components, padding included. */
  readonly components: readonly Uint8Array[];
  readonly secrets: SeHeaderSecrets;
  /** Digests of what was unpacked, and those that the header wants. */
  readonly digests: PageDigestValues;
  readonly wanted: PageDigestValues;
}

/** Opens, decrypts and digests an image as a host does, page by page. */
export function unpack(image: Uint8Array): Unpacked {
  const { ipib, headerBytes } = parseSeImage(image);
  const support = { supportedPcf: 0x3000_00f2n, supportedScf: 0n };
  const opened = openSeHeader(headerBytes, [sampleHost], support);
  if (!opened.ok) throw new Error(opened.reason);
  const { header, secrets } = opened;
  const isPlain = (header.pcf & Pcf.noComponentEncryption) !== 0n;
  const digests = new PageDigests();
  const components = (ipib?.components ?? []).map(({ address, length, tweakPrefix }) => {
    const content = new Uint8Array(length);
    for (let at = 0; at < length; at += PAGE_SIZE) {
      const stored = image.subarray(address + at, address + at + PAGE_SIZE);
      const tweak = pageTweak(tweakPrefix, at);
      digests.add(stored, BigInt(address + at), tweak);
      content.set(isPlain ? stored : decryptPage(secrets.imageKey, tweak, stored), at);
    }
    return content;
  });
  return { components, secrets, digests: digests.values(), wanted: header.digests };
}
