/** The X.509 library, with what it needs loaded before it, and readers for files with several things in them. */
import "reflect-metadata"; // the library's container asks for it when it is loaded
import { X509Certificate, X509Crl } from "@peculiar/x509";
import { ImageError } from "../image-error.ts";

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  CRLDistributionPointsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "@peculiar/x509";
export { X509Certificate, X509Crl };

/** Bytes with the name that messages use for them, usually a path. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const PEM_CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END/g;
const PEM_CRL = /-----BEGIN X509 CRL-----([^-]*)-----END/g;

/**
 * All certificates of a file: a PEM bundle, or one in DER. A PEM file without certificates gives none.
 *
 * @throws LF-KEY-010 when the file is neither.
 */
export function readCertificates(file: NamedBytes): X509Certificate[] {
  return readAll(file, PEM_CERTIFICATE, "certificate", (der) => new X509Certificate(der));
}

/**
 * All certificate revocation lists of a file: a PEM bundle, or one in DER. A PEM file without any gives none.
 *
 * @throws LF-KEY-010 when the file is neither.
 */
export function readCrls(file: NamedBytes): X509Crl[] {
  return readAll(file, PEM_CRL, "certificate revocation list", (der) => new X509Crl(der));
}

function readAll<T>(
  file: NamedBytes,
  pem: RegExp,
  what: string,
  parse: (der: Uint8Array<ArrayBuffer>) => T,
): T[] {
  const text = Buffer.from(file.bytes).toString("latin1");
  const isPem = text.includes("-----BEGIN ");
  const blocks = isPem
    ? [...text.matchAll(pem)].map((match) => new Uint8Array(Buffer.from(match[1] ?? "", "base64")))
    : [new Uint8Array(file.bytes)];
  return blocks.map((der) => {
    try {
      return parse(der);
    } catch (cause) {
      throw new ImageError(
        "LF-KEY-010",
        `${file.name} holds no readable ${what}, neither in PEM nor in DER format`,
        {
          hint: "Is it the right file, and complete?",
          cause,
        },
      );
    }
  });
}
