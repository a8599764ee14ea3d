import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { type SeImageOptions, stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { tinyGuest } from "@lockframe/testkit";

/** A host's private key, for as long as the test lives. */
export function newHostKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey;
}

/** The tiny guest in an image for this host. */
export function sealTinyGuest(
  hostKey: KeyObject,
  options: Partial<Omit<SeImageOptions, "hostKeys">> = {},
): Promise<Uint8Array> {
  return writeSeImage({
    kernel: tinyGuest(),
    hostKeys: [createPublicKey(hostKey)],
    loaders: { stage3a: stage3a(), stage3b: stage3b() },
    ...options,
  });
}
