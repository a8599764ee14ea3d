/**
 * Decides whether a host key document can be trusted: signed by a host key signing key, which a chain of
 * certificates ties to a root; nothing expired, nothing revoked.
 */
import { getCACertificates } from "node:tls";
import { ImageError } from "../image-error.ts";
import * as check from "./certificate-checks.ts";
import { isSigningSubject, sameName, sameSigningService } from "./distinguished-name.ts";
import { type NamedBytes, readCertificates, readCrls, type X509Certificate, type X509Crl } from "./x509.ts";
import { X509Certificate as Certificate } from "./x509.ts";

/** Intermediate certificates between signing key and root, at most. */
const MAX_INTERMEDIATES = 2;

export interface TrustOptions {
  /** Signing key and intermediates (`-C`); may hold revocation lists too. */
  readonly certificates: readonly NamedBytes[];
  /** Revocation lists (`--crl`). */
  readonly crls?: readonly NamedBytes[];
  /** The one root to trust (`--root-ca`), revocation lists included; the system's roots without it. */
  readonly rootCa?: NamedBytes;
  /** Make no attempt to download revocation lists. */
  readonly offline?: boolean;
  /** Gets a revocation list; undefined when there is none. Over HTTP unless given. */
  readonly download?: (url: string) => Promise<Uint8Array | undefined>;
  /** The moment that counts; now. */
  readonly now?: Date;
}

/** Trusts documents of one signing key, whose own chain has been verified. */
export class HostKeyVerifier {
  readonly #signingKey: X509Certificate;
  readonly #crls: CrlStore;
  readonly #now: Date;

  private constructor(signingKey: X509Certificate, crls: CrlStore, now: Date) {
    this.#signingKey = signingKey;
    this.#crls = crls;
    this.#now = now;
  }

  /**
   * Establishes the chain of trust.
   *
   * @throws LF-KEY-010 unreadable file; LF-KEY-020 no signing key, -021 several; the chain: -022 an issuer is
   *   missing, -023 no revocation list, -024 no usable revocation list, -025 revoked, -026 outside its period,
   *   -027 weak, not a CA, or with a critical extension that is unknown, -028 too long.
   */
  static async create(trust: TrustOptions): Promise<HostKeyVerifier> {
    const now = trust.now ?? new Date();
    const crls = new CrlStore(trust, now);
    const given = trust.certificates.flatMap((file) => readCertificates(file));
    const signingKeys = given.filter((certificate) => isSigningSubject(certificate.subjectName));
    const signingKey = theOnly(signingKeys);
    if (trust.offline !== true) for (const certificate of given) await crls.download(certificate);

    const others = given.filter((certificate) => certificate !== signingKey);
    await verifyChain(signingKey, others, rootsOf(trust), crls, now);
    return new HostKeyVerifier(signingKey, crls, now);
  }

  /**
   * Verifies one document.
   *
   * @param name for messages.
   * @throws LF-KEY-030 signature, -031 no valid revocation list, -032 revoked, -033 not yet valid, -034 expired,
   *   -035 authority key identifier, -036 issuer, -037 key usage, -038 too weak, -039 critical extension.
   */
  async verify(document: X509Certificate, name: string): Promise<void> {
    const refuse = (code: string, why: string, hint?: string): never => {
      throw new ImageError(
        code,
        `host key document ${name} cannot be trusted: ${why}`,
        hint === undefined ? {} : { hint },
      );
    };
    const signingKey = this.#signingKey;
    const weak = check.weakness(document);
    if (weak !== undefined) refuse("LF-KEY-038", weak);
    const validity = check.validityAt(this.#now, document.notBefore, document.notAfter);
    if (validity === "not-yet")
      refuse("LF-KEY-033", `it is valid from ${document.notBefore.toISOString()} on`);
    if (validity === "expired") refuse("LF-KEY-034", `it expired on ${document.notAfter.toISOString()}`);
    if (!check.authorityKeyMatches(document, signingKey)) {
      refuse("LF-KEY-035", "another key than the given signing key made it (authority key identifier)");
    }
    if (!sameSigningService(document.issuerName, signingKey.subjectName)) {
      refuse(
        "LF-KEY-036",
        `its issuer is ${document.issuer}, the signing key is that of ${signingKey.subject}`,
      );
    }
    if (!check.allowsKeyAgreement(document))
      refuse("LF-KEY-037", "its key usage does not include key agreement");
    const strange = check.strangeCriticalExtension(document);
    if (strange !== undefined) refuse("LF-KEY-039", `it has an unknown critical extension ${strange}`);
    if (!(await check.signedBy(document, signingKey))) refuse("LF-KEY-030", "its signature is wrong");

    await this.#crls.download(document);
    const { usable } = await this.#crls.of(signingKey, sameSigningService);
    if (usable.length === 0) {
      refuse("LF-KEY-031", "there is no valid revocation list of the signing key", CRL_HINT);
    }
    if (usable.some((crl) => crl.findRevoked(document) !== null)) refuse("LF-KEY-032", "it is revoked");
  }
}

const CRL_HINT = "Give the list with --crl, or leave out --offline to have it downloaded.";

function theOnly(signingKeys: readonly X509Certificate[]): X509Certificate {
  const [signingKey, another] = signingKeys;
  if (signingKey === undefined) {
    throw new ImageError("LF-KEY-020", "none of the certificates is that of a host key signing key", {
      hint: "Give the certificate of the IBM Z signing key with -C, beside that of the intermediate CA.",
    });
  }
  if (another !== undefined) {
    throw new ImageError("LF-KEY-021", `${signingKeys.length} certificates of signing keys were given`, {
      hint: "Give exactly one.",
    });
  }
  return signingKey;
}

function rootsOf({ rootCa }: TrustOptions): X509Certificate[] {
  if (rootCa !== undefined) return readCertificates(rootCa).filter((root) => check.isSelfIssued(root));
  return [...new Set([...getCACertificates("system"), ...getCACertificates("bundled")])].map(
    (pem) => new Certificate(pem),
  );
}

/** From the signing key up to a root, each step checked. */
async function verifyChain(
  signingKey: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  crls: CrlStore,
  now: Date,
): Promise<void> {
  let current = signingKey;
  for (let level = 0; ; level++) {
    checkCertificate(current, now);
    const root = await issuerOf(current, roots);
    const issuer = root ?? (await issuerOf(current, intermediates));
    if (issuer === undefined) {
      throw chainError(
        "LF-KEY-022",
        current,
        `the certificate of its issuer (${current.issuer}) is not there`,
        {
          hint: "Give the intermediate certificate with -C and the root with --root-ca.",
        },
      );
    }
    const fault = check.caFault(issuer);
    if (fault !== undefined) throw chainError("LF-KEY-027", issuer, fault);
    await checkNotRevoked(current, issuer, crls);
    if (root !== undefined) {
      checkCertificate(root, now);
      await checkNotRevoked(root, root, crls);
      return;
    }
    if (level === MAX_INTERMEDIATES) {
      const message = `more than ${MAX_INTERMEDIATES} certificates stand between it and a root`;
      throw chainError("LF-KEY-028", signingKey, message);
    }
    current = issuer;
  }
}

/** By name, key identifier and signature. */
async function issuerOf(
  certificate: X509Certificate,
  candidates: readonly X509Certificate[],
): Promise<X509Certificate | undefined> {
  for (const candidate of candidates) {
    const fits =
      candidate !== certificate &&
      sameName(certificate.issuerName, candidate.subjectName) &&
      check.authorityKeyMatches(certificate, candidate);
    if (fits && (await check.signedBy(certificate, candidate))) return candidate;
  }
  return undefined;
}

function checkCertificate(certificate: X509Certificate, now: Date): void {
  const validity = check.validityAt(now, certificate.notBefore, certificate.notAfter);
  if (validity !== "valid") {
    const from = certificate.notBefore.toISOString();
    const until = certificate.notAfter.toISOString();
    throw chainError("LF-KEY-026", certificate, `it is valid from ${from} until ${until}`);
  }
  const weak = check.weakness(certificate);
  if (weak !== undefined) throw chainError("LF-KEY-027", certificate, weak);
  const strange = check.strangeCriticalExtension(certificate);
  if (strange !== undefined) {
    throw chainError("LF-KEY-027", certificate, `it has an unknown critical extension ${strange}`);
  }
}

async function checkNotRevoked(
  certificate: X509Certificate,
  issuer: X509Certificate,
  crls: CrlStore,
): Promise<void> {
  const { usable, problems } = await crls.of(issuer, sameName);
  if (usable.length === 0 && problems.length === 0) {
    const message = `there is no revocation list of its issuer (${issuer.subject})`;
    throw chainError("LF-KEY-023", certificate, message, { hint: CRL_HINT });
  }
  if (usable.length === 0) {
    const message = `no revocation list of its issuer can be used: ${problems.join("; ")}`;
    throw chainError("LF-KEY-024", certificate, message, { hint: CRL_HINT });
  }
  if (usable.some((crl) => crl.findRevoked(certificate) !== null)) {
    throw chainError("LF-KEY-025", certificate, "it is revoked");
  }
}

function chainError(
  code: string,
  certificate: X509Certificate,
  why: string,
  place: { hint?: string } = {},
): ImageError {
  return new ImageError(code, `the chain of trust does not hold at ${certificate.subject}: ${why}`, place);
}

type NameMatch = typeof sameName;

/** All revocation lists at hand. */
class CrlStore {
  readonly #crls: X509Crl[];
  readonly #now: Date;
  readonly #download: TrustOptions["download"];
  readonly #seen = new Set<string>();

  constructor(trust: TrustOptions, now: Date) {
    const { rootCa, certificates, crls = [] } = trust;
    this.#now = now;
    this.#download = trust.offline === true ? undefined : (trust.download ?? downloadOverHttp);
    this.#crls = crls.flatMap((file) => needCrls(file));
    for (const file of rootCa === undefined ? certificates : [...certificates, rootCa]) {
      if (Buffer.from(file.bytes).includes("-----BEGIN X509 CRL-----")) this.#crls.push(...readCrls(file));
    }
  }

  /** Gets the list that a certificate refers to; the first place that has one counts. No list is no error here. */
  async download(certificate: X509Certificate): Promise<void> {
    if (this.#download === undefined) return;
    for (const url of check.crlUrls(certificate)) {
      if (this.#seen.has(url)) return;
      const bytes = await this.#download(url);
      if (bytes === undefined) continue;
      const found = readable(() => readCrls({ name: url, bytes }));
      if (found.length === 0) continue;
      this.#seen.add(url);
      this.#crls.push(...found);
      return;
    }
  }

  /** The lists of an issuer that hold now, and what is wrong with its others. */
  async of(issuer: X509Certificate, matches: NameMatch): Promise<{ usable: X509Crl[]; problems: string[] }> {
    const usable: X509Crl[] = [];
    const problems: string[] = [];
    for (const crl of this.#crls) {
      if (!matches(crl.issuerName, issuer.subjectName)) continue;
      const problem = await this.#problemOf(crl, issuer);
      if (problem === undefined) usable.push(crl);
      else problems.push(problem);
    }
    return { usable, problems };
  }

  async #problemOf(crl: X509Crl, issuer: X509Certificate): Promise<string | undefined> {
    const validity = check.validityAt(this.#now, crl.thisUpdate, crl.nextUpdate);
    if (validity === "not-yet") return `one is valid from ${crl.thisUpdate.toISOString()} on`;
    if (validity === "expired")
      return `one expired on ${crl.nextUpdate?.toISOString() ?? "a date that it does not say"}`;
    if (!check.authorityKeyMatches(crl, issuer))
      return "one was made by another key (authority key identifier)";
    const strange = check.strangeCriticalExtension(crl);
    if (strange !== undefined) return `one has an unknown critical extension ${strange}`;
    return (await check.signedBy(crl, issuer)) ? undefined : "one has a wrong signature";
  }
}

function needCrls(file: NamedBytes): X509Crl[] {
  const crls = readCrls(file);
  if (crls.length > 0) return crls;
  throw new ImageError("LF-KEY-010", `${file.name} holds no certificate revocation list`, {
    hint: "Give revocation lists with --crl and certificates with -C.",
  });
}

function readable<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof ImageError) return []; // what a server sent is no list: the next place may have one
    throw error;
  }
}

const DOWNLOAD_TIMEOUT = 3000;

async function downloadOverHttp(url: string): Promise<Uint8Array | undefined> {
  if (!/^https?:/.test(url)) return undefined;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT) });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  } catch {
    return undefined; // no network, no such host, too slow: as if there were no list
  }
}
