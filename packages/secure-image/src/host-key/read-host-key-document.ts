/** Host key documents: X.509 certificates with the public key of a host. */
import type { KeyObject } from "node:crypto";
import { hexOf } from "../bytes.ts";
import { isP521, publicKeyHash } from "../ec-point.ts";
import { ImageError } from "../image-error.ts";
import { publicKeyOf } from "./certificate-checks.ts";
import { HostKeyVerifier, type TrustOptions } from "./verify-host-key-document.ts";
import { type NamedBytes, readCertificates } from "./x509.ts";

/** The public key of a host, from its document. */
export interface HostKeyDocument {
  /** Where it came from. */
  readonly name: string;
  readonly publicKey: KeyObject;
  /** Key hash in lower-case hexadecimal. */
  readonly hash: string;
  readonly subject: string;
  /** Things to tell the user. */
  readonly warnings: readonly string[];
}

/**
 * Reads host key documents and, unless told not to, verifies them.
 *
 * @param trust how to verify, or `"no-verify"` to take the keys as they are.
 * @throws LF-KEY-010 unreadable, LF-KEY-011 no certificate in it, LF-KEY-001 not a P-521 key, and as
 *   {@link HostKeyVerifier} does.
 */
export async function readHostKeyDocuments(
  files: readonly NamedBytes[],
  trust: TrustOptions | "no-verify",
): Promise<HostKeyDocument[]> {
  const verifier = trust === "no-verify" ? undefined : await HostKeyVerifier.create(trust);
  const documents: HostKeyDocument[] = [];
  for (const file of files) {
    const [certificate, ...more] = readCertificates(file);
    if (certificate === undefined) {
      throw new ImageError("LF-KEY-011", `${file.name} holds no certificate, so it is no host key document`);
    }
    await verifier?.verify(certificate, file.name);
    const publicKey = publicKeyOf(certificate);
    if (publicKey === undefined || !isP521(publicKey)) {
      throw new ImageError(
        "LF-KEY-001",
        `the key in ${file.name} is not an elliptic-curve key on secp521r1`,
        {
          hint: "Host keys of Secure Execution are P-521 keys.",
        },
      );
    }
    const warnings =
      more.length === 0 ? [] : [`${file.name} holds ${more.length + 1} certificates; the first counts`];
    documents.push({
      name: file.name,
      publicKey,
      hash: hexOf(publicKeyHash(publicKey)),
      subject: certificate.subject,
      warnings,
    });
  }
  return documents;
}
