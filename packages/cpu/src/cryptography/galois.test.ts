import { createCipheriv, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { aes } from "./block-cipher.ts";
import { doubled, ghash, tweakOfBlock, tweaks } from "./galois.ts";

const hex = (text: string) => Buffer.from(text, "hex");
const zeros = new Uint8Array(16);
const encrypt = (key: Uint8Array, block: Uint8Array) => aes(128).run("ecb", key, undefined, block);

describe("GHASH", () => {
  it("with the counter's block is the tag of GCM, also in two parts", () => {
    const [key, nonce, text] = [randomBytes(16), randomBytes(12), randomBytes(64)];
    const gcm = createCipheriv("aes-128-gcm", key, nonce);
    const ciphertext = gcm.update(text);
    gcm.final();
    const subkey = encrypt(key, zeros);
    const half = ghash(subkey, zeros, ciphertext.subarray(0, 32));
    const lengths = Buffer.alloc(16);
    lengths.writeUInt32BE(text.length * 8, 12);
    const digest = ghash(subkey, half, Buffer.concat([ciphertext.subarray(32), lengths]));
    const mask = encrypt(key, Buffer.concat([nonce, hex("00000001")]));
    expect(Buffer.from(digest.map((byte, n) => byte ^ (mask[n] ?? 0)))).toEqual(gcm.getAuthTag());
  });
});

describe("the tweaks of XTS", () => {
  it("are those of the host's library", () => {
    const [key, tweakKey, tweak] = [randomBytes(16), randomBytes(16), randomBytes(16)];
    const xts = createCipheriv("aes-128-xts", Buffer.concat([key, tweakKey]), tweak);
    const ciphertext = xts.update(new Uint8Array(128));
    const first = encrypt(tweakKey, tweak);
    const { all, next } = tweaks(first, 8);
    const ours = encrypt(key, all).map((byte, n) => byte ^ (all[n] ?? 0));
    expect(Buffer.from(ours)).toEqual(ciphertext);
    expect(tweakOfBlock(first, 0n)).toEqual(Buffer.from(first));
    expect(tweakOfBlock(first, 5n)).toEqual(Buffer.from(all.subarray(80, 96)));
    expect(tweakOfBlock(first, 8n)).toEqual(Buffer.from(next));
  });
});

describe("subkeys of CMAC", () => {
  it("are those of RFC 4493", () => {
    const l = encrypt(hex("2b7e151628aed2a6abf7158809cf4f3c"), zeros);
    expect(doubled(l)).toEqual(hex("fbeed618357133667c85e08f7236a8de"));
    expect(doubled(doubled(l))).toEqual(hex("f7ddac306ae266ccf90bc11ee46d513b"));
  });
});
