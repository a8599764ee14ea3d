import { readFileSync, existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { vector } from "../../test/vectors.ts";
import { isSigningSubject, sameSigningService } from "./distinguished-name.ts";
import { readHostKeyDocuments } from "./read-host-key-document.ts";
import { HostKeyVerifier, type TrustOptions } from "./verify-host-key-document.ts";
import { type NamedBytes, readCertificates, X509Certificate } from "./x509.ts";

const file = (name: string): NamedBytes => ({ name, bytes: vector(`cert/${name}`) });
const files = (...names: string[]) => names.map((name) => file(name));
const certificate = (name: string) => new X509Certificate(vector(`cert/${name}`).toString("latin1"));

/** Serves the fake PKI's files as if they were on the network. */
const download: TrustOptions["download"] = (name) => {
  const url = new URL(`../../test/vectors/s390-tools/cert/${name}`, import.meta.url);
  return Promise.resolve(existsSync(url) ? readFileSync(url) : undefined);
};
const nowhere: TrustOptions["download"] = () => Promise.resolve(undefined);

const chained = { rootCa: file("root_ca.chained.crt") };

async function codeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "trusted",
    (error: { code?: string }) => error.code ?? String(error),
  );
}

// What is expected is what the tests of s390-tools expect of the same files (rust/pv, cert_verifier and verify).
describe("the chain of trust", () => {
  const cases: [string, string, TrustOptions][] = [
    ["trusted", "complete, online", { ...chained, certificates: files("ibm.crt", "inter_ca.crt"), download }],
    [
      "trusted",
      "complete, offline",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm.crt"),
        crls: files("inter_ca.crl"),
        offline: true,
      },
    ],
    [
      "trusted",
      "lists in the files of the certificates",
      { ...chained, certificates: files("inter_ca.chained.crt", "ibm.chained.crt"), offline: true },
    ],
    [
      "LF-KEY-021",
      "two signing keys",
      { ...chained, certificates: files("ibm.crt", "ibm_rev.crt"), offline: true },
    ],
    ["LF-KEY-020", "no signing key", { ...chained, certificates: files("inter_ca.crt"), offline: true }],
    [
      "LF-KEY-020",
      "a signing key with another subject",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm_wrong_subject.crt"),
        crls: files("inter_ca.crl"),
      },
    ],
    [
      "LF-KEY-020",
      "a revocation list in place of the signing key",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm_outdated_early.crl"),
        crls: files("inter_ca.crl"),
      },
    ],
    [
      "LF-KEY-023",
      "no list of the root",
      {
        rootCa: file("root_ca.crt"),
        certificates: files("inter_ca.crt", "ibm.crt"),
        crls: files("inter_ca.crl"),
        download: nowhere,
      },
    ],
    [
      "LF-KEY-023",
      "no list of the intermediate",
      { ...chained, certificates: files("inter_ca.crt", "ibm.crt"), download: nowhere },
    ],
    [
      "LF-KEY-022",
      "a forged intermediate",
      {
        ...chained,
        certificates: files("fake_inter_ca.crt", "ibm.crt"),
        crls: files("fake_inter_ca.crl"),
        offline: true,
      },
    ],
    [
      "LF-KEY-022",
      "the roots of the system only",
      { certificates: files("inter_ca.crt", "ibm.crt"), crls: files("inter_ca.crl"), offline: true },
    ],
    [
      "LF-KEY-022",
      "another root of the same name",
      {
        rootCa: file("fake_root_ca.crt"),
        certificates: files("inter_ca.crt", "ibm.crt"),
        crls: files("inter_ca.crl"),
        offline: true,
      },
    ],
    ["LF-KEY-022", "no intermediate", { ...chained, certificates: files("ibm.crt"), download: nowhere }],
    [
      "LF-KEY-022",
      "an intermediate in place of the root",
      { rootCa: file("inter_ca.chained.crt"), certificates: files("ibm.crt"), offline: true },
    ],
    [
      "LF-KEY-025",
      "a revoked signing key",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm_rev.crt"),
        crls: files("inter_ca.crl"),
        download: nowhere,
      },
    ],
    [
      "LF-KEY-026",
      "an expired signing key",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm_expired.crt"),
        crls: files("inter_ca.crl"),
        offline: true,
      },
    ],
    [
      "LF-KEY-024",
      "an expired list of the intermediate",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm.crt"),
        crls: files("inter_ca.invalid_date.crl"),
        offline: true,
      },
    ],
    [
      "LF-KEY-024",
      "a list of the intermediate signed by the root",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm.crt"),
        crls: files("inter_ca.invalid_signer.crl"),
        offline: true,
      },
    ],
    [
      "LF-KEY-026",
      "a root of the future",
      {
        ...chained,
        certificates: files("inter_ca.crt", "ibm.crt"),
        crls: files("inter_ca.crl"),
        offline: true,
        now: new Date("2024-01-01"),
      },
    ],
    [
      "LF-KEY-010",
      "noise",
      { ...chained, certificates: [{ name: "noise", bytes: new Uint8Array(50) }], offline: true },
    ],
    [
      "LF-KEY-010",
      "a certificate as a revocation list",
      { ...chained, certificates: files("inter_ca.crt", "ibm.crt"), crls: files("ibm.crt"), offline: true },
    ],
  ];
  it.each(cases)("%s: %s", async (expected, _what, trust) => {
    expect(await codeOf(HostKeyVerifier.create(trust))).toBe(expected);
  });
});

describe("a host key document", () => {
  async function verify(document: string, trust: Partial<TrustOptions> = {}): Promise<string> {
    const verifier = await HostKeyVerifier.create({
      ...chained,
      certificates: files("ibm.crt", "inter_ca.crt"),
      crls: files("ibm.crl", "inter_ca.crl"),
      offline: true,
      ...trust,
    });
    return codeOf(verifier.verify(certificate(document), document));
  }
  const online = { crls: [], offline: false, download };
  const armonk = { certificates: files("ibm_armonk.crt", "inter_ca.crt") };

  const cases: [string, string, string, Partial<TrustOptions>][] = [
    ["trusted", "host.crt", "offline", {}],
    ["trusted", "host.crt", "online", online],
    ["trusted", "host2.crt", "another host", {}],
    ["trusted", "host.crt", "a signing key of Armonk", armonk],
    ["trusted", "host.crt", "a signing key of Armonk, online", { ...armonk, ...online }],
    [
      "trusted",
      "host.crt",
      "key and list of Armonk",
      { ...armonk, crls: files("ibm_armonk.crl", "inter_ca.crl") },
    ],
    [
      "trusted",
      "host_armonk.crt",
      "all of Armonk",
      { ...armonk, crls: files("ibm_armonk.crl", "inter_ca.crl") },
    ],
    ["trusted", "host_armonk.crt", "all of Armonk, online", { ...armonk, ...online }],
    [
      "trusted",
      "host_uri_na.crt",
      "its list is not to be had, but a local one is",
      { ...online, crls: files("ibm.crl") },
    ],
    ["LF-KEY-031", "host_uri_na.crt", "its list is not to be had", online],
    ["LF-KEY-032", "host_rev.crt", "revoked", {}],
    ["LF-KEY-032", "host_rev.crt", "revoked, online", online],
    [
      "LF-KEY-032",
      "host_rev.crt",
      "revoked, Armonk",
      { ...armonk, crls: files("ibm_armonk.crl", "inter_ca.crl") },
    ],
    ["LF-KEY-034", "host_crt_expired.crt", "expired", {}],
    ["LF-KEY-034", "host_crt_expired.crt", "expired, online", online],
    ["LF-KEY-035", "fake_host.crt", "signed by a forged signing key", {}],
    ["LF-KEY-035", "host_invalid_signing_key.crt", "signed by another service", {}],
    ["LF-KEY-035", "ibm.crt", "no host key at all", {}],
    ["LF-KEY-031", "host.crt", "no list", { crls: files("inter_ca.crl") }],
    [
      "LF-KEY-031",
      "host.crt",
      "a list of the future",
      { crls: files("ibm_outdated_early.crl", "inter_ca.crl") },
    ],
    [
      "LF-KEY-031",
      "host.crt",
      "a list of the past",
      { crls: files("ibm_outdated_late.crl", "inter_ca.crl") },
    ],
    [
      "LF-KEY-031",
      "host.crt",
      "a list with a wrong signature",
      { crls: files("ibm_invalid_hash.crl", "inter_ca.crl") },
    ],
    [
      "LF-KEY-031",
      "host.crt",
      "a list of another issuer",
      { crls: files("ibm_wrong_issuer.crl", "inter_ca.crl") },
    ],
    ["LF-KEY-031", "host.crt", "a forged list", { crls: files("fake_ibm.crl", "inter_ca.crl") }],
  ];
  it.each(cases)("%s: %s, %s", async (expected, document, _what, trust) => {
    expect(await verify(document, trust)).toBe(expected);
  });

  const forgeries: [string, string, (der: Buffer) => number][] = [
    ["LF-KEY-030", "its subject", (der) => der.lastIndexOf("IBM Z Host Key")],
    ["LF-KEY-036", "its issuer", (der) => der.indexOf("IBM Z Host Key Signing Service")],
  ];
  it.each(forgeries)("%s: somebody changed %s", async (expected, _what, placeIn) => {
    const der = Buffer.from(certificate("host.crt").rawData);
    der[placeIn(der)] = "X".charCodeAt(0);
    const verifier = await HostKeyVerifier.create({
      ...chained,
      certificates: files("ibm.crt", "inter_ca.crt"),
      crls: files("ibm.crl", "inter_ca.crl"),
      offline: true,
    });
    const forged = new X509Certificate(new Uint8Array(der));
    expect(await codeOf(verifier.verify(forged, "forged"))).toBe(expected);
  });

  it("is read in PEM and DER format", () => {
    expect(readCertificates(file("der.crt"))).toHaveLength(1);
    expect(readCertificates(file("ibm.chained.crt"))).toHaveLength(1);
  });

  it("gives its key and the key's hash without verification", async () => {
    const bytes = vector("keys/host.pem.crt");
    const [document] = await readHostKeyDocuments([{ name: "host.pem.crt", bytes }], "no-verify");
    expect(document?.hash).toBe("415c25a5d19c381e619733e1c1b7fbd88bdd1c31d882d5ade04b97043c5010f0");
    expect(document?.warnings).toEqual([]);
    const twice = Buffer.concat([bytes, bytes]);
    const [first] = await readHostKeyDocuments([{ name: "two.crt", bytes: twice }], "no-verify");
    expect(first?.warnings).toMatchObject([expect.stringContaining("2 certificates")]);
  });

  it("is refused without verification too when it is none", async () => {
    const read = (bytes: Uint8Array) => codeOf(readHostKeyDocuments([{ name: "x", bytes }], "no-verify"));
    expect(await read(vector("cert/ibm.crt"))).toBe("LF-KEY-001");
    expect(await read(vector("cert/ibm.crl"))).toBe("LF-KEY-011");
    expect(await read(Buffer.from("hello"))).toBe("LF-KEY-010");
    expect(await read(new Uint8Array(0))).toBe("LF-KEY-010");
    expect(await read(Buffer.from("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"))).toBe(
      "LF-KEY-010",
    );
  });
});

describe("names", () => {
  it("tell a signing key from other certificates", () => {
    expect(isSigningSubject(certificate("ibm.crt").subjectName)).toBe(true);
    expect(isSigningSubject(certificate("ibm_armonk.crt").subjectName)).toBe(true);
    expect(isSigningSubject(certificate("inter_ca.crt").subjectName)).toBe(false);
    expect(isSigningSubject(certificate("ibm_wrong_subject.crt").subjectName)).toBe(false);
  });

  it("are the same service in Armonk and Poughkeepsie, but not another", () => {
    const ibm = certificate("ibm.crt").subjectName;
    expect(sameSigningService(ibm, certificate("ibm_armonk.crt").subjectName)).toBe(true);
    expect(sameSigningService(ibm, certificate("ibm_wrong_subject.crt").subjectName)).toBe(false);
  });
});
