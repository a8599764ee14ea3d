/** Certificates with whatever is wrong with them, for tests. */
import { signingSubject } from "../src/host-key/distinguished-name.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type NamedBytes,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "../src/host-key/x509.ts";

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const FROM = new Date("2024-01-01");
const UNTIL = new Date("2124-01-01");

/** A certificate with its keys and its (empty) revocation list. */
export interface Member {
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
  readonly file: NamedBytes;
  readonly crl: NamedBytes;
}

export interface MemberOptions {
  readonly subject: string | Record<string, string[]>[];
  /** Itself unless given. */
  readonly issuer?: Member;
  readonly ca?: boolean;
  readonly usage?: KeyUsageFlags;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly more?: Extension[];
  readonly keys?: CryptoKeyPair;
  /** Digest of the issuer's signature. */
  readonly hash?: string;
}

let serial = 0x1000;

export async function member(options: MemberOptions): Promise<Member> {
  const keys = options.keys ?? (await crypto.subtle.generateKey(ECDSA, true, ["sign", "verify"]));
  const { ca = true, usage = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign } = options;
  const signing = options.issuer?.keys ?? keys;
  const certificate = await X509CertificateGenerator.create({
    subject: options.subject,
    issuer: options.issuer?.certificate.subjectName ?? options.subject,
    serialNumber: (serial++).toString(16),
    notBefore: options.notBefore ?? FROM,
    notAfter: options.notAfter ?? UNTIL,
    publicKey: keys.publicKey,
    signingKey: signing.privateKey,
    signingAlgorithm: { ...ECDSA, hash: options.hash ?? ECDSA.hash },
    extensions: [
      new BasicConstraintsExtension(ca, undefined, true),
      new KeyUsagesExtension(usage, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(signing.publicKey),
      ...(options.more ?? []),
    ],
  });
  const name = certificate.subject;
  const crl = async (): Promise<Uint8Array> => {
    const list = await X509CrlGenerator.create({
      issuer: certificate.subjectName.toString(),
      thisUpdate: FROM,
      nextUpdate: UNTIL,
      signingKey: keys.privateKey,
      signingAlgorithm: ECDSA,
    });
    return new Uint8Array(list.rawData);
  };
  const canSign = keys.privateKey.usages.includes("sign") && keys.privateKey.algorithm.name === "ECDSA";
  return {
    certificate,
    keys,
    file: { name, bytes: new Uint8Array(certificate.rawData) },
    crl: { name: `list of ${name}`, bytes: canSign ? await crl() : new Uint8Array(0) },
  };
}

/** A signing key as verifiers recognise it. */
export function signingKey(options: Omit<MemberOptions, "subject">): Promise<Member> {
  return member({
    ca: false,
    usage: KeyUsageFlags.digitalSignature,
    ...options,
    subject: signingSubject("Test"),
  });
}

/** A host key document with a fresh P-521 key, unless another is given. */
export async function hostDocument(issuer: Member, options: Partial<MemberOptions> = {}): Promise<Member> {
  const keys = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-521" }, true, ["deriveBits"]);
  return member({
    subject: "CN=host",
    issuer,
    ca: false,
    usage: KeyUsageFlags.keyAgreement,
    keys,
    ...options,
  });
}
