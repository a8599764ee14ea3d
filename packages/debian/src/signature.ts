import {
  createMessage,
  readCleartextMessage,
  readSignature,
  verify,
  type VerifyMessageResult,
} from "openpgp";
import { failure } from "./errors.ts";
import type { ArchiveKey } from "./keyring.ts";

/** A Release file as mirrors carry it: signed inline (InRelease), or beside its detached signature (Release.gpg). */
export type SignedRelease =
  | { readonly inline: Uint8Array }
  | { readonly release: Uint8Array; readonly signature: Uint8Array };

/**
 * The signed text, if at least one known key vouches for it. Only what is returned is vouched for; an inline file may
 * hold more.
 * @param what names the file in errors.
 * @throws LockframeError LF-DEBIAN-021 if no known key signed it, LF-DEBIAN-022 if a known key's signature does not
 * match, LF-DEBIAN-023 if it is no signed file at all.
 */
export async function verifyRelease(
  what: string,
  signed: SignedRelease,
  keys: readonly ArchiveKey[],
  now: Date,
): Promise<string> {
  const result = await check(signed, keys, now).catch((error: unknown) => {
    throw failure.badRelease(what, error instanceof Error ? error.message : String(error));
  });
  const known = result.signatures.filter(({ keyID }) => keys.some((key) => key.getKeys(keyID).length > 0));
  if (known.length === 0)
    throw failure.unknownSigner(
      what,
      result.signatures.map(({ keyID }) => keyID.toHex().toUpperCase()),
    );
  const outcomes = await Promise.allSettled(known.map(({ verified }) => verified));
  const refusals = outcomes.filter((outcome) => outcome.status === "rejected");
  if (refusals.length === outcomes.length)
    throw failure.badSignature(what, [...new Set(refusals.map(({ reason }) => String(reason)))].join("; "));
  return typeof result.data === "string" ? result.data : new TextDecoder().decode(result.data);
}

type Verdict = Pick<VerifyMessageResult<string | Uint8Array>, "signatures" | "data">;

async function check(signed: SignedRelease, keys: readonly ArchiveKey[], date: Date): Promise<Verdict> {
  const verificationKeys = [...keys];
  if ("inline" in signed) {
    const message = await readCleartextMessage({ cleartextMessage: new TextDecoder().decode(signed.inline) });
    return settle(await verify({ message, verificationKeys, date }));
  }
  const armored = new TextDecoder("latin1").decode(signed.signature);
  const signature = armored.startsWith("-----BEGIN")
    ? await readSignature({ armoredSignature: armored })
    : await readSignature({ binarySignature: signed.signature });
  const message = await createMessage({ binary: signed.release });
  return settle(await verify({ message, signature, verificationKeys, date, format: "binary" }));
}

/** Marks every verdict as handled: a signature by an unknown key rejects, which is none of our business. */
function settle(result: Verdict): Verdict {
  for (const { verified } of result.signatures) verified.catch(() => undefined);
  return result;
}
