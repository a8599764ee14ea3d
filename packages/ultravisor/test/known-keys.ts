/** The P-521 keys of the known-answer vectors: 65 bytes 0x11 and 65 bytes 0x22 as scalars. */
import { createECDH, createPrivateKey, type KeyObject } from "node:crypto";

function privateKey(byte: number): KeyObject {
  const scalar = Buffer.alloc(66).fill(byte, 1);
  const ecdh = createECDH("secp521r1");
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const coordinate = (at: number) => point.subarray(at, at + 66).toString("base64url");
  const [d, x, y] = [scalar.toString("base64url"), coordinate(1), coordinate(67)];
  return createPrivateKey({ format: "jwk", key: { kty: "EC", crv: "P-521", d, x, y } });
}

export const knownCustomer = privateKey(0x11);
export const knownHost = privateKey(0x22);
