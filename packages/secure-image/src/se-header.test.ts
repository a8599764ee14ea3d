import { createHash, createPublicKey, diffieHellman, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as known from "../test/known-answers.ts";
import { vector } from "../test/vectors.ts";
import { hexOf } from "./bytes.ts";
import { decodePoint, encodePoint, publicKeyHash } from "./ec-point.ts";
import { deriveKeyEncryptionKey, encodeKeySlot, unwrapKey, wrapKey } from "./key-exchange.ts";
import { decryptPage, encryptPage, PageDigests, pageTweak, pageTweaks } from "./page-cipher.ts";
import { buildSeHeader, openSecrets, parseSeHeader } from "./se-header.ts";

const hostPublic = createPublicKey(known.hostPrivate);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function knownPages(): { stored: Uint8Array[]; digests: PageDigests } {
  const digests = new PageDigests();
  const stored = known.pages.map((page, n) => {
    const tweak = pageTweak(known.tweakPrefix, n * 0x1000);
    const bytes = encryptPage(known.imageKey, tweak, page);
    digests.add(bytes, BigInt(known.componentAddress + n * 0x1000), tweak);
    return bytes;
  });
  return { stored, digests };
}

function knownHeader(): Uint8Array {
  return buildSeHeader({
    customerKey: known.customerPrivate,
    hostKeys: [hostPublic],
    headerKey: known.headerKey,
    iv: known.headerIv,
    pcf: 0xe0n,
    digests: knownPages().digests.values(),
    secrets: { cck: known.cck, imageKey: known.imageKey, psw: known.psw, scf: 0n },
  });
}

describe("key exchange, known answers", () => {
  it("encodes public points in 160 bytes and reads them back", () => {
    expect(hexOf(encodePoint(known.customerPrivate))).toBe(known.expected.customerPoint);
    expect(hexOf(encodePoint(hostPublic))).toBe(known.expected.hostPoint);
    expect(decodePoint(encodePoint(hostPublic))?.equals(hostPublic)).toBe(true);
  });

  it("refuses a point off the curve and padding that is not zero", () => {
    const off = encodePoint(hostPublic);
    off[159]! ^= 1;
    expect(decodePoint(off)).toBeUndefined();
    const padded = encodePoint(hostPublic);
    padded[0] = 1;
    expect(decodePoint(padded)).toBeUndefined();
    expect(decodePoint(new Uint8Array(160))).toBeUndefined();
  });

  it("derives the shared secret with its leading zeros, and the key-encryption key", () => {
    const shared = diffieHellman({ privateKey: known.customerPrivate, publicKey: hostPublic });
    expect(shared.toString("hex")).toBe(known.expected.sharedSecret);
    expect(hexOf(deriveKeyEncryptionKey(known.customerPrivate, hostPublic))).toBe(known.expected.kek);
  });

  it("wraps the header key for a host", () => {
    const slot = wrapKey(known.headerKey, known.customerPrivate, hostPublic);
    expect(hexOf(slot.hostKeyHash)).toBe(known.expected.hostKeyHash);
    expect(hexOf(slot.wrappedKey)).toBe(known.expected.wrappedKey);
    expect(hexOf(slot.tag)).toBe(known.expected.slotTag);
    const customerPublic = createPublicKey(known.customerPrivate);
    expect(hexOf(unwrapKey(slot, known.hostPrivate, customerPublic)!)).toBe(hexOf(known.headerKey));
    expect(
      unwrapKey({ ...slot, tag: new Uint8Array(16) }, known.hostPrivate, customerPublic),
    ).toBeUndefined();
  });

  it("makes the key slot of the s390-tools vectors", () => {
    const customer = known.privateKeyOf(vector("keys/private_cust.bin").subarray(-66));
    const host = new X509Certificate(vector("keys/host.pem.crt")).publicKey;
    expect(hexOf(encodePoint(customer))).toBe(vector("keys/public_cust.bin").toString("hex"));
    expect(hexOf(deriveKeyEncryptionKey(customer, host))).toBe(
      "753277558f3b6003419ef249ae3c4b55aad77d09d97fdd1fc88fd8f0cf22f149",
    );
    expect(hexOf(publicKeyHash(host))).toBe(
      "415c25a5d19c381e619733e1c1b7fbd88bdd1c31d882d5ade04b97043c5010f0",
    );
    const slot = wrapKey(new Uint8Array(32).fill(0x17), customer, host);
    expect(hexOf(encodeKeySlot(slot))).toBe(vector("exp/keyslot.bin").toString("hex"));
  });
});

describe("pages, known answers", () => {
  it("encrypts, decrypts and digests", () => {
    const { stored, digests } = knownPages();
    expect(hexOf(stored[0]!.subarray(0, 32))).toBe(known.expected.page0Start);
    expect(sha256(stored[0]!)).toBe(known.expected.page0Sha256);
    expect(hexOf(stored[1]!.subarray(0, 32))).toBe(known.expected.page1Start);
    expect(sha256(stored[1]!)).toBe(known.expected.page1Sha256);
    stored.forEach((page, n) => {
      const plain = decryptPage(known.imageKey, pageTweak(known.tweakPrefix, n * 0x1000), page);
      expect(hexOf(plain)).toBe(hexOf(known.pages[n]!));
    });
    const values = digests.values();
    expect(values.pageCount).toBe(2n);
    expect(hexOf(values.pld)).toBe(known.expected.pld);
    expect(hexOf(values.ald)).toBe(known.expected.ald);
    expect(hexOf(values.tld)).toBe(known.expected.tld);
  });

  it("digests the same, page by page or in one go", () => {
    const { stored, digests } = knownPages();
    const atOnce = new PageDigests();
    const tweaks = pageTweaks(known.tweakPrefix, 0, stored.length);
    atOnce.addPages(Buffer.concat(stored), known.componentAddress, tweaks);
    expect(atOnce.values()).toEqual(digests.values());
  });

  it("keeps the page offset whole beyond 4 GiB", () => {
    expect(hexOf(pageTweak(1n, 0x1_0000_1000))).toBe("00000000000000010000000100001000");
  });
});

describe("SE header", () => {
  it("is built byte by byte as the known answer", () => {
    const header = knownHeader();
    expect(header.length).toBe(640);
    expect(hexOf(header.subarray(0x1f0))).toBe(known.expected.encryptedAndTag);
    expect(sha256(header)).toBe(known.expected.headerSha256);
  });

  it("parses and decrypts what was built", () => {
    const bytes = knownHeader();
    const header = parseSeHeader(bytes);
    expect(header.pcf).toBe(0xe0n);
    expect(hexOf(header.digests.pld)).toBe(known.expected.pld);
    expect(hexOf(header.slots[0]!.hostKeyHash)).toBe(known.expected.hostKeyHash);
    const secrets = openSecrets(bytes, header, known.headerKey)!;
    expect(hexOf(secrets.imageKey)).toBe(hexOf(known.imageKey));
    expect(hexOf(secrets.cck)).toBe(hexOf(known.cck));
    expect(secrets.psw).toEqual(known.psw);
    expect(secrets.scf).toBe(0n);
    expect(openSecrets(bytes, header, new Uint8Array(32))).toBeUndefined();
  });

  it("parses a real header", () => {
    const header = parseSeHeader(vector("exp/secure_guest.hdr"));
    expect(header.size).toBe(640);
    expect(header.slots.length).toBe(1);
    expect(header.digests.pageCount).toBe(0xfc25n);
    expect(decodePoint(header.customerKey)).toBeDefined();
  });

  const broken: [string, string, (header: Uint8Array) => Uint8Array][] = [
    ["LF-IMAGE-001", "truncated", (h) => h.subarray(0, 100)],
    ["LF-IMAGE-010", "magic", (h) => patch(h, 0, 0)],
    ["LF-IMAGE-011", "version", (h) => patch(h, 0x0a, 2)],
    ["LF-IMAGE-012", "size too small", (h) => patch(h, 0x0f, 0x70)],
    ["LF-IMAGE-012", "size beyond the bytes", (h) => patch(h, 0x0e, 0x10)],
    ["LF-IMAGE-012", "2^56 key slots", (h) => patch(h, 0x20, 1)],
    ["LF-IMAGE-013", "no key slots", (h) => patch(h, 0x27, 0)],
    ["LF-IMAGE-014", "encrypted area of 2^56 bytes", (h) => patch(h, 0x28, 1)],
    ["LF-IMAGE-014", "encrypted area not a multiple of 16", (h) => patch(h, 0x2f, 0x81)],
    ["LF-IMAGE-014", "encrypted area too small", (h) => patch(h, 0x2f, 0x70)],
  ];
  it.each(broken)("is refused with %s: %s", (code, _what, breakIt) => {
    expect(() => parseSeHeader(breakIt(knownHeader()))).toThrow(expect.objectContaining({ code }));
  });

  it("holds up to 95 key slots", () => {
    const build = (count: number) =>
      buildSeHeader({
        customerKey: known.customerPrivate,
        hostKeys: Array.from({ length: count }, () => hostPublic),
        headerKey: known.headerKey,
        iv: known.headerIv,
        pcf: 0xe0n,
        digests: knownPages().digests.values(),
        secrets: { cck: known.cck, imageKey: known.imageKey, psw: known.psw, scf: 0n },
      });
    expect(parseSeHeader(build(95)).size).toBe(8160);
    expect(() => build(96)).toThrow(expect.objectContaining({ code: "LF-IMAGE-015" }));
    expect(() => build(0)).toThrow(expect.objectContaining({ code: "LF-IMAGE-015" }));
  });
});

function patch(bytes: Uint8Array, at: number, value: number): Uint8Array {
  bytes[at] = value;
  return bytes;
}
