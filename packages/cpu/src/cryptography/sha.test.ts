import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Compression, sha1, sha256, sha512 } from "./sha.ts";

const initial = {
  sha1: "67452301efcdab8998badcfe10325476c3d2e1f0",
  sha256: "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19",
  sha512:
    "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1" +
    "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179",
};
const rows: readonly (readonly [keyof typeof initial, Compression])[] = [
  ["sha1", sha1],
  ["sha256", sha256],
  ["sha512", sha512],
];

/** The whole algorithm: padding, and the message in two parts. */
function digest(
  name: keyof typeof initial,
  { blockSize, compress }: Compression,
  message: Uint8Array,
): string {
  const room = blockSize / 8 + 1;
  const zeros = (2 * blockSize - ((message.length + room) % blockSize)) % blockSize;
  const tail = new Uint8Array(room + zeros);
  tail[0] = 0x80;
  new DataView(tail.buffer).setUint32(tail.length - 4, message.length * 8);
  const padded = Buffer.concat([message, tail]);
  const middle = Math.floor(padded.length / blockSize / 2) * blockSize;
  const half = compress(Buffer.from(initial[name], "hex"), padded.subarray(0, middle));
  return Buffer.from(compress(half, padded.subarray(middle))).toString("hex");
}

describe.each(rows)("%s", (name, compression) => {
  it("gives the digests of the host's library, from a chaining value in the middle", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (message) => {
        expect(digest(name, compression, message)).toBe(createHash(name).update(message).digest("hex"));
      }),
    );
  });
});
