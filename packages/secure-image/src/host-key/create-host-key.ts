/**
 * Makes host keys of simulated machines: a P-521 key, its host key document, and the small certificate authority
 * that vouches for it. A verifier of host key documents insists on the names of IBM in the signing key's
 * certificate; everything else in these certificates says aloud that no IBM machine is behind them.
 */
import { type KeyObject, randomBytes } from "node:crypto";
import { hexOf } from "../bytes.ts";
import { publicKeyHash } from "../ec-point.ts";
import { ImageError } from "../image-error.ts";
import { signingSubject } from "./distinguished-name.ts";
import { parseHostKey } from "./load-host-key.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "./x509.ts";

/** Organisation in our certificates. */
export const SIMULATION = "Lockframe SIMULATION - not an IBM machine";

const SIGNATURE = { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" };
const AGREEMENT = { name: "ECDH", namedCurve: "P-521" };
const DAY = 86_400_000;
const DEFAULT_DAYS = 3650;

/** A certificate authority for host key documents: root and signing key, with their empty revocation lists. PEM. */
export interface HostKeyAuthority {
  readonly rootCertificate: string;
  readonly rootKey: string;
  /** Of the root: covers the root itself and the signing key. */
  readonly rootCrl: string;
  readonly signingCertificate: string;
  readonly signingKey: string;
  /** Of the signing key: covers host key documents. */
  readonly signingCrl: string;
}

/** A new host key. PEM. */
export interface NewHostKey {
  /** PKCS #8. Keep it secret: who has it can open every image for this host. */
  readonly privateKey: string;
  readonly document: string;
  readonly authority: HostKeyAuthority;
  /** Key hash in lower-case hexadecimal, as image slots name the host. */
  readonly hash: string;
}

export interface CreateHostKeyOptions {
  /** Name of the host in the document's subject; the beginning of the key hash unless given. */
  readonly name?: string;
  /** Vouched for by this authority; by a new one unless given. */
  readonly authority?: HostKeyAuthority;
  /** How long everything new is valid, in days; ten years. */
  readonly days?: number;
  readonly now?: Date;
}

/**
 * Makes a host key, its document, and an authority for it.
 *
 * @throws LF-KEY-040 for a number of days that is none.
 */
export async function createHostKey(options: CreateHostKeyOptions = {}): Promise<NewHostKey> {
  const period = periodOf(options);
  const authority = options.authority ?? (await createAuthority(period));
  const pair = await generate(AGREEMENT, ["deriveBits"]);
  const privateKey = await exportPrivate(pair.privateKey);
  const hash = hexOf(publicKeyHash(parseHostKey(privateKey, "the new host key")));

  const signing = new X509Certificate(authority.signingCertificate);
  const document = await X509CertificateGenerator.create({
    ...period,
    serialNumber: newSerial(),
    subject: [
      { C: ["US"] },
      { O: [SIMULATION] },
      { OU: ["IBM Z Host Key"] },
      { CN: [options.name ?? `simulated host ${hash.slice(0, 16)}`] },
    ],
    issuer: signing.subjectName,
    publicKey: pair.publicKey,
    signingKey: await importPrivate(authority.signingKey),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.keyAgreement, true),
      await SubjectKeyIdentifierExtension.create(pair.publicKey),
      await AuthorityKeyIdentifierExtension.create(signing.publicKey),
    ],
  });
  return { privateKey, document: pem("CERTIFICATE", document.rawData), authority, hash };
}

interface Period {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

function periodOf({ days = DEFAULT_DAYS, now = new Date() }: CreateHostKeyOptions): Period {
  if (!Number.isInteger(days) || days < 1 || days > 100_000) {
    throw new ImageError("LF-KEY-040", `${days} is no number of days that a key can be valid`, {
      hint: "Give a whole number from 1 to 100000.",
    });
  }
  // a day back, for machines whose clocks differ
  return { notBefore: new Date(now.getTime() - DAY), notAfter: new Date(now.getTime() + days * DAY) };
}

async function createAuthority(period: Period): Promise<HostKeyAuthority> {
  const root = await generate(SIGNATURE, ["sign", "verify"]);
  const signing = await generate(SIGNATURE, ["sign", "verify"]);
  const rootName = [{ C: ["US"] }, { O: [SIMULATION] }, { CN: ["Lockframe SIMULATION root CA"] }];
  const common = { ...period, signingKey: root.privateKey, signingAlgorithm: SIGNATURE };

  const rootCertificate = await X509CertificateGenerator.create({
    ...common,
    serialNumber: newSerial(),
    subject: rootName,
    issuer: rootName,
    publicKey: root.publicKey,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...(await keyIdentifiers(root.publicKey, root.publicKey)),
    ],
  });
  const signingCertificate = await X509CertificateGenerator.create({
    ...common,
    serialNumber: newSerial(),
    subject: signingSubject("Lockframe SIMULATION (not IBM) Host"),
    issuer: rootCertificate.subjectName,
    publicKey: signing.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...(await keyIdentifiers(signing.publicKey, root.publicKey)),
    ],
  });
  return {
    rootCertificate: pem("CERTIFICATE", rootCertificate.rawData),
    rootKey: await exportPrivate(root.privateKey),
    rootCrl: await emptyCrl(rootCertificate, root, period),
    signingCertificate: pem("CERTIFICATE", signingCertificate.rawData),
    signingKey: await exportPrivate(signing.privateKey),
    signingCrl: await emptyCrl(signingCertificate, signing, period),
  };
}

async function keyIdentifiers(subject: CryptoKey, issuer: CryptoKey): Promise<Extension[]> {
  return [
    await SubjectKeyIdentifierExtension.create(subject),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ];
}

async function emptyCrl(issuer: X509Certificate, keys: CryptoKeyPair, period: Period): Promise<string> {
  const crl = await X509CrlGenerator.create({
    issuer: issuer.subjectName.toString(),
    thisUpdate: period.notBefore,
    nextUpdate: period.notAfter,
    signingKey: keys.privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: [await AuthorityKeyIdentifierExtension.create(keys.publicKey)],
  });
  return pem("X509 CRL", crl.rawData);
}

function generate(algorithm: typeof AGREEMENT, usages: KeyUsage[]): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, usages);
}

async function exportPrivate(key: CryptoKey): Promise<string> {
  return pem("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", key));
}

function importPrivate(privateKey: string): Promise<CryptoKey> {
  const key: KeyObject = parseHostKey(privateKey, "signing key");
  const der = key.export({ format: "der", type: "pkcs8" });
  return crypto.subtle.importKey("pkcs8", der, SIGNATURE, false, ["sign"]);
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** A positive number of 16 bytes. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
