import { createPublicKey, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as known from "../test/known-answers.ts";
import { hexOf } from "./bytes.ts";
import { openSeHeader } from "./open-se-header.ts";
import { buildSeHeader } from "./se-header.ts";

const other = generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey;
const support = { supportedPcf: 0x3000_00f2n, supportedScf: 0n };

function header(changes: { pcf?: bigint; scf?: bigint } = {}): Uint8Array {
  return buildSeHeader({
    customerKey: known.customerPrivate,
    hostKeys: [createPublicKey(known.hostPrivate)],
    headerKey: known.headerKey,
    iv: known.headerIv,
    pcf: changes.pcf ?? 0xe0n,
    digests: { pld: new Uint8Array(64), ald: new Uint8Array(64), tld: new Uint8Array(64), pageCount: 1n },
    secrets: { cck: known.cck, imageKey: known.imageKey, psw: known.psw, scf: changes.scf ?? 0n },
  });
}

function patched(at: number, value: number): Uint8Array {
  const bytes = header();
  bytes[at] = value;
  return bytes;
}

function longer(): Uint8Array {
  const bytes = new Uint8Array(641);
  bytes.set(header());
  return bytes;
}

const offCurve = (() => {
  const bytes = header();
  bytes[0x40 + 159]! ^= 1;
  return bytes;
})();

describe("openSeHeader", () => {
  it("gives keys, PSW and digests to the right host", () => {
    const opened = openSeHeader(header(), [other, known.hostPrivate], support);
    if (!opened.ok) throw new Error(opened.reason);
    expect(hexOf(opened.secrets.imageKey)).toBe(hexOf(known.imageKey));
    expect(opened.secrets.psw).toEqual(known.psw);
    expect(hexOf(opened.hostKeyHash)).toBe(known.expected.hostKeyHash);
    expect(opened.usedBackupKey).toBe(false);
    expect(opened.header.digests.pageCount).toBe(1n);
  });

  const refused: [number, number, string, Uint8Array][] = [
    [0x104, 0x01, "version", patched(0x0a, 2)],
    [0x106, 0x30, "unknown plain-text control flag", header({ pcf: 0xe1n })],
    [0x108, 0x0b, "customer key off the curve", offCurve],
    [0x109, 0x00, "unknown secret control flag", header({ scf: 1n << 61n })],
    [0x10a, 0x31, "fewer bytes than the header has", header().subarray(0, 639)],
    [0x10a, 0x31, "more bytes than the header has", longer()],
    [0x10a, 0x31, "next to nothing", header().subarray(0, 3)],
    [0x10a, 0x31, "one slot more than there is", patched(0x27, 2)],
    [0x10a, 0x39, "size of the encrypted area", patched(0x2f, 0x88)],
    [0x10a, 0x40, "no key slots", patched(0x27, 0)],
    [0x10a, 0xf001, "tag of the header", patched(639, 0)],
    [0x10a, 0xf001, "wrapped key", patched(0x1c0, 0)],
    [0x10a, 0xf001, "number of pages", patched(0x37, 9)],
    [0x10a, 0xf001, "digest", patched(0xe0, 1)],
    [0x10a, 0xf002, "magic", patched(0, 0)],
  ];
  it.each(refused)("refuses with 0x%s/0x%s: %s", (rc, rrc, _what, bytes) => {
    const outcome = openSeHeader(bytes, [known.hostPrivate], support);
    expect(outcome).toMatchObject({ ok: false, rc, rrc });
  });

  it("refuses another host's image with 0x108/0x05", () => {
    expect(openSeHeader(header(), [other], support)).toMatchObject({ ok: false, rc: 0x108, rrc: 0x05 });
    expect(openSeHeader(header(), [], support)).toMatchObject({ ok: false, rc: 0x108, rrc: 0x05 });
  });

  it("uses the backup host key only when the header allows it", () => {
    const withBackup = { ...support, backupHostKey: known.hostPrivate };
    const opened = openSeHeader(header({ pcf: 0xe2n }), [other], withBackup);
    expect(opened).toMatchObject({ ok: true, usedBackupKey: true });
    expect(openSeHeader(header(), [other], withBackup)).toMatchObject({ rc: 0x108, rrc: 0x05 });
    const wrongBackup = { ...support, backupHostKey: other };
    expect(openSeHeader(header({ pcf: 0xe2n }), [other], wrongBackup)).toMatchObject({
      rc: 0x108,
      rrc: 0x34,
    });
  });

  it("does not open a header with any single bit changed", () => {
    const whole = header();
    // reserved bytes are authenticated too, so there is no bit that does not count
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length * 8 - 1 }), (bit) => {
        const bytes = whole.slice();
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(openSeHeader(bytes, [known.hostPrivate], support).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("never throws on noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), (noise) => {
        const bytes = header();
        bytes.set(noise.subarray(0, 600), 8);
        openSeHeader(noise, [known.hostPrivate], support);
        openSeHeader(bytes, [known.hostPrivate], support);
      }),
    );
  });
});
