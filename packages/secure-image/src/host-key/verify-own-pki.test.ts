import { beforeAll, describe, expect, it } from "vitest";
import { hostDocument, member, type Member, type MemberOptions, signingKey } from "../../test/pki.ts";
import { HostKeyVerifier, type TrustOptions } from "./verify-host-key-document.ts";
import { Extension, KeyUsageFlags } from "./x509.ts";

// What the fake PKI of s390-tools has no certificates for.
const strange = new Extension("1.2.3.4.5", true, new Uint8Array([5, 0]));
const weakRsa = () =>
  crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );

let root: Member;
let signing: Member;
beforeAll(async () => {
  root = await member({ subject: "CN=root" });
  signing = await signingKey({ issuer: root });
});

function trust(members: readonly Member[], signer: Member, more: Partial<TrustOptions> = {}): TrustOptions {
  return {
    rootCa: root.file,
    certificates: [signer.file, ...members.map(({ file }) => file)],
    crls: [root, signer, ...members].map(({ crl }) => crl).filter(({ bytes }) => bytes.length > 0),
    offline: true,
    ...more,
  };
}

const codeOf = (action: Promise<unknown>) =>
  action.then(
    () => "trusted",
    (error: { code?: string }) => error.code ?? String(error),
  );

/** Intermediates below the root, each made by the one before, and a signing key at the end. */
async function chainOf(...options: Partial<MemberOptions>[]): Promise<{ members: Member[]; signer: Member }> {
  const members: Member[] = [];
  for (const [n, changes] of options.entries()) {
    members.push(
      await member({ subject: `CN=intermediate ${n}`, issuer: members.at(-1) ?? root, ...changes }),
    );
  }
  return { members, signer: await signingKey({ issuer: members.at(-1) ?? root }) };
}

describe("the chain of trust", () => {
  const chains: [string, string, () => Partial<MemberOptions>[]][] = [
    ["trusted", "no intermediate", () => []],
    ["trusted", "two intermediates", () => [{}, {}]],
    ["LF-KEY-028", "three intermediates", () => [{}, {}, {}]],
    ["LF-KEY-027", "an intermediate that is no authority", () => [{ ca: false }]],
    ["LF-KEY-027", "an intermediate that may not sign", () => [{ usage: KeyUsageFlags.digitalSignature }]],
    ["LF-KEY-027", "an intermediate with an unknown critical extension", () => [{ more: [strange] }]],
    ["LF-KEY-027", "an intermediate signed with SHA-1", () => [{ hash: "SHA-1" }]],
    ["LF-KEY-026", "an expired intermediate", () => [{ notAfter: new Date("2025-01-01") }]],
  ];
  it.each(chains)("%s: %s", async (expected, _what, options) => {
    const { members, signer } = await chainOf(...options());
    expect(await codeOf(HostKeyVerifier.create(trust(members, signer)))).toBe(expected);
  });

  it("LF-KEY-022: a certificate that only claims to be of its issuer", async () => {
    const impostor = await member({ subject: "CN=root" });
    const signer = await signingKey({ issuer: impostor });
    const withoutKeyId = trust([], signer);
    expect(await codeOf(HostKeyVerifier.create(withoutKeyId))).toBe("LF-KEY-022");
  });

  it("does not go round in circles", async () => {
    const a = await member({ subject: "CN=a" });
    const b = await member({ subject: "CN=b", issuer: a });
    const aByB = await member({ subject: "CN=a", issuer: b, keys: a.keys });
    const signer = await signingKey({ issuer: b });
    const code = await codeOf(HostKeyVerifier.create(trust([aByB, b], signer)));
    expect(code).toBe("LF-KEY-028");
  });
});

describe("a host key document", () => {
  const documents: [string, string, () => Promise<Partial<MemberOptions>>][] = [
    ["trusted", "as it should be", async () => ({})],
    ["LF-KEY-033", "of the future", async () => ({ notBefore: new Date("2100-01-01") })],
    ["LF-KEY-037", "for signatures", async () => ({ usage: KeyUsageFlags.digitalSignature })],
    ["LF-KEY-038", "with an RSA key of 1024 bits", async () => ({ keys: await weakRsa() })],
    ["LF-KEY-038", "signed with SHA-1", async () => ({ hash: "SHA-1" })],
    ["LF-KEY-039", "with an unknown critical extension", async () => ({ more: [strange] })],
  ];
  it.each(documents)("%s: %s", async (expected, _what, options) => {
    const verifier = await HostKeyVerifier.create(trust([], signing));
    const { certificate } = await hostDocument(signing, await options());
    expect(await codeOf(verifier.verify(certificate, "host.crt"))).toBe(expected);
  });
});
