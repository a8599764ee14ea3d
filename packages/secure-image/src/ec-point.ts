import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { ImageError } from "./image-error.ts";

/** secp521r1, the one curve of Secure Execution, under the names that its users give it. */
export const CURVE = "secp521r1";

/** Bytes of one coordinate of a P-521 point. */
const COORDINATE = 66;
/** Bytes that a coordinate takes in headers and hashes: left-padded with zeros. */
const FIELD = 80;
/** Bytes of the coordinate encoding: X, then Y. */
export const POINT_SIZE = 2 * FIELD;

/** True for an EC key (private or public) on secp521r1. */
export function isP521(key: KeyObject): boolean {
  return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === CURVE;
}

/**
 * The 160-byte encoding of a P-521 public point: X in 80 bytes, Y in 80 bytes, big-endian. A private key gives
 * its public half.
 *
 * @throws LF-KEY-001 when the key is not on secp521r1.
 */
export function encodePoint(key: KeyObject): Uint8Array {
  if (!isP521(key)) {
    throw new ImageError("LF-KEY-001", "the key is not an elliptic-curve key on secp521r1", {
      hint: "Host keys of Secure Execution are P-521 keys; `lockframe host-key create` makes one.",
    });
  }
  const { x, y } = key.export({ format: "jwk" });
  const point = new Uint8Array(POINT_SIZE);
  point.set(coordinate(x), FIELD - COORDINATE);
  point.set(coordinate(y), 2 * FIELD - COORDINATE);
  return point;
}

/** The public key of a 160-byte encoding, or undefined when the point is not on the curve. */
export function decodePoint(point: Uint8Array): KeyObject | undefined {
  const x = point.subarray(0, FIELD);
  const y = point.subarray(FIELD, POINT_SIZE);
  const pad = FIELD - COORDINATE;
  if (point.length !== POINT_SIZE || ![...x.subarray(0, pad), ...y.subarray(0, pad)].every((b) => b === 0)) {
    return undefined;
  }
  try {
    return createPublicKey({
      format: "jwk",
      key: { kty: "EC", crv: "P-521", x: base64url(x.subarray(pad)), y: base64url(y.subarray(pad)) },
    });
  } catch {
    return undefined; // the import checks that the point is on the curve
  }
}

/** Key hash ("phkh"): SHA-256 over the 160-byte coordinate encoding of the public key. */
export function publicKeyHash(key: KeyObject): Uint8Array {
  return createHash("sha256").update(encodePoint(key)).digest();
}

function coordinate(text: string | undefined): Uint8Array {
  const bytes = Buffer.from(text ?? "", "base64url");
  const padded = new Uint8Array(COORDINATE);
  padded.set(bytes, COORDINATE - bytes.length);
  return padded;
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
