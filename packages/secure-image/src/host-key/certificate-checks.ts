/** Single checks on certificates and revocation lists. Each gives an error or undefined; nothing is thrown. */
import { X509Certificate as NodeCertificate, type KeyObject } from "node:crypto";
import { sameName } from "./distinguished-name.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  type X509Crl,
} from "./x509.ts";

/** Least strength of keys and digests, in bits of security. */
const LEAST_SECURITY = 112;
const LEAST_RSA_MODULUS = 2048;
const LEAST_EC_FIELD = 224;
const WEAK_DIGEST = /md5|sha-?1$/i;

/** The public key of a certificate, or undefined when it cannot be read. */
export function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return new NodeCertificate(Buffer.from(certificate.rawData)).publicKey;
  } catch {
    return undefined; // an algorithm or curve that the host's crypto library does not know
  }
}

export type Validity = "valid" | "not-yet" | "expired";

/** Where a moment lies in a period. The end does not belong to it. */
export function validityAt(now: Date, from: Date, until: Date | undefined): Validity {
  if (now < from) return "not-yet";
  return until === undefined || now >= until ? "expired" : "valid";
}

/** Why a key or its signature is too weak, or undefined. */
export function weakness(certificate: X509Certificate): string | undefined {
  const key = publicKeyOf(certificate);
  if (key === undefined) return "its public key cannot be read";
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined && modulusLength < LEAST_RSA_MODULUS) {
    return `its RSA key has ${modulusLength} bits, ${LEAST_RSA_MODULUS} are the least`;
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const field = Number(/(\d{3})/.exec(curve ?? "")?.[1] ?? LEAST_EC_FIELD);
  if (field < LEAST_EC_FIELD) return `its curve ${curve} is weaker than ${LEAST_SECURITY} bits of security`;
  const digest = digestName(certificate);
  return WEAK_DIGEST.test(digest) ? `it is signed with ${digest}` : undefined;
}

function digestName(certificate: X509Certificate): string {
  const { hash } = certificate.signatureAlgorithm;
  return typeof hash === "string" ? hash : (hash?.name ?? "");
}

/** True unless an authority key identifier is present and names another key than the issuer's. */
export function authorityKeyMatches(of: X509Certificate | X509Crl, issuer: X509Certificate): boolean {
  const authority = of.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  const subject = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId;
  return (
    authority === undefined || subject === undefined || authority.toLowerCase() === subject.toLowerCase()
  );
}

/** True when the issuer's key made the signature. */
export async function signedBy(of: X509Certificate | X509Crl, issuer: X509Certificate): Promise<boolean> {
  try {
    const publicKey = issuer.publicKey;
    return "thisUpdate" in of
      ? await of.verify({ publicKey })
      : await of.verify({ publicKey, signatureOnly: true });
  } catch {
    return false; // an algorithm that does not fit the key, or that nobody knows
  }
}

export function isSelfIssued(certificate: X509Certificate): boolean {
  return sameName(certificate.subjectName, certificate.issuerName);
}

/** Why a certificate may not sign others, or undefined. */
export function caFault(certificate: X509Certificate): string | undefined {
  const constraints = certificate.getExtension(BasicConstraintsExtension);
  if (constraints?.ca !== true) return "it is not marked as a certificate authority";
  const usage = certificate.getExtension(KeyUsagesExtension);
  if (usage !== null && (usage.usages & KeyUsageFlags.keyCertSign) === 0) {
    return "its key usage does not allow signing certificates";
  }
  return undefined;
}

/** False when there is a key usage and it lacks key agreement. */
export function allowsKeyAgreement(certificate: X509Certificate): boolean {
  const usage = certificate.getExtension(KeyUsagesExtension);
  return usage === null || (usage.usages & KeyUsageFlags.keyAgreement) !== 0;
}

/** Extensions that may be critical because somebody here looks at them or they do not restrict. */
const UNDERSTOOD = new Set([
  "2.5.29.14", // subject key identifier
  "2.5.29.15", // key usage
  "2.5.29.19", // basic constraints
  "2.5.29.31", // CRL distribution points
  "2.5.29.35", // authority key identifier
  "2.5.29.37", // extended key usage: verifiers of host keys take any purpose
  "2.5.29.20", // CRL number
]);

/** Object identifier of a critical extension that nobody here understands. */
export function strangeCriticalExtension(of: { extensions: readonly Extension[] }): string | undefined {
  return of.extensions.find(({ critical, type }) => critical && !UNDERSTOOD.has(type))?.type;
}

/** URLs where a certificate says that its revocation list is. */
export function crlUrls(certificate: X509Certificate): string[] {
  const points = certificate.getExtension(CRLDistributionPointsExtension)?.distributionPoints ?? [];
  return points.flatMap(({ distributionPoint }) =>
    (distributionPoint?.fullName ?? []).flatMap(({ uniformResourceIdentifier: url }) => url ?? []),
  );
}
