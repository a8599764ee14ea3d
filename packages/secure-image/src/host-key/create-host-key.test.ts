import { createPublicKey, X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { vector } from "../../test/vectors.ts";
import { hexOf } from "../bytes.ts";
import { publicKeyHash } from "../ec-point.ts";
import { createHostKey } from "./create-host-key.ts";
import { createHostKeyFiles, type HostKeyFiles } from "./host-key-files.ts";
import { loadHostKey, parseHostKey } from "./load-host-key.ts";
import { readHostKeyDocuments } from "./read-host-key-document.ts";
import type { TrustOptions } from "./verify-host-key-document.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lockframe-host-key-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const named = async (path: string) => ({ name: path, bytes: await readFile(path) });
const mode = async (path: string) => (await stat(path)).mode & 0o777;

async function trustOf(files: HostKeyFiles): Promise<TrustOptions> {
  return {
    rootCa: await named(files.rootCertificate),
    certificates: [await named(files.signingCertificate)],
    crls: await Promise.all(files.crls.map((path) => named(path))),
    offline: true,
  };
}

describe("createHostKey", () => {
  it("makes a P-521 key and a document of its public half", async () => {
    const { privateKey, document, hash } = await createHostKey({ name: "laptop" });
    const key = parseHostKey(privateKey, "new");
    const certificate = new X509Certificate(document);
    expect(certificate.publicKey.equals(createPublicKey(key))).toBe(true);
    expect(hexOf(publicKeyHash(key))).toBe(hash);
    expect(certificate.subject).toContain("CN=laptop");
    expect(certificate.subject).toContain("SIMULATION");
    expect(certificate.issuer).toContain("SIMULATION");
  });

  it("keeps to the period that it is told", async () => {
    const now = new Date("2030-05-05T00:00:00Z");
    const { document } = await createHostKey({ days: 30, now });
    const certificate = new X509Certificate(document);
    expect(new Date(certificate.validFrom)).toEqual(new Date("2030-05-04T00:00:00Z"));
    expect(new Date(certificate.validTo)).toEqual(new Date("2030-06-04T00:00:00Z"));
    for (const days of [0, -1, 1.5, Number.NaN]) {
      await expect(createHostKey({ days })).rejects.toMatchObject({ code: "LF-KEY-040" });
    }
  });
});

describe("createHostKeyFiles", () => {
  it("leaves a document that its own authority vouches for", async () => {
    const files = await createHostKeyFiles({ directory });
    expect(files.newAuthority).toBe(true);
    const [document] = await readHostKeyDocuments([await named(files.document)], await trustOf(files));
    expect(document?.hash).toBe(files.hash);
    expect(hexOf(publicKeyHash(await loadHostKey(files.privateKey)))).toBe(files.hash);
  });

  it("keeps keys to their owner", async () => {
    const files = await createHostKeyFiles({ directory: join(directory, "new") });
    expect(await mode(join(directory, "new"))).toBe(0o700);
    for (const name of ["host-key.key", "root-ca.key", "signing-key.key"]) {
      expect(await mode(join(directory, "new", name))).toBe(0o600);
    }
    expect((await mode(files.document)) & 0o400).toBe(0o400);
    expect((await readdir(join(directory, "new"))).toSorted()).toEqual([
      "host-key.crt",
      "host-key.key",
      "root-ca.crl",
      "root-ca.crt",
      "root-ca.key",
      "signing-key.crl",
      "signing-key.crt",
      "signing-key.key",
    ]);
  });

  it("makes further keys under the same authority", async () => {
    const first = await createHostKeyFiles({ directory, name: "a" });
    const second = await createHostKeyFiles({ directory, name: "b" });
    expect(second.newAuthority).toBe(false);
    expect(second.hash).not.toBe(first.hash);
    const documents = [await named(first.document), await named(second.document)];
    expect(await readHostKeyDocuments(documents, await trustOf(first))).toHaveLength(2);
  });

  it("is not trusted by another authority", async () => {
    const ours = await createHostKeyFiles({ directory: join(directory, "1") });
    const theirs = await createHostKeyFiles({ directory: join(directory, "2") });
    await expect(
      readHostKeyDocuments([await named(ours.document)], await trustOf(theirs)),
    ).rejects.toMatchObject({ code: "LF-KEY-035" });
  });

  it("overwrites only when told to", async () => {
    const before = await createHostKeyFiles({ directory });
    await expect(createHostKeyFiles({ directory })).rejects.toMatchObject({ code: "LF-IMAGE-071" });
    expect(hexOf(publicKeyHash(await loadHostKey(before.privateKey)))).toBe(before.hash);
    const after = await createHostKeyFiles({ directory, overwrite: true });
    expect(after.hash).not.toBe(before.hash);
    expect(await mode(after.privateKey)).toBe(0o600);
  });

  it("refuses an authority with files missing, and names that are none", async () => {
    const files = await createHostKeyFiles({ directory });
    await unlink(files.signingCertificate);
    await expect(createHostKeyFiles({ directory, name: "b" })).rejects.toMatchObject({
      code: "LF-KEY-042",
      message: expect.stringContaining("signing-key.crt"),
    });
    for (const name of ["", "../x", "a/b", "root-ca", "-k"]) {
      await expect(createHostKeyFiles({ directory, name })).rejects.toMatchObject({ code: "LF-KEY-041" });
    }
    const beneathAFile = join(files.document, "sub");
    await expect(createHostKeyFiles({ directory: beneathAFile })).rejects.toMatchObject({
      code: "LF-IMAGE-072",
    });
  });

  it("does not write through a symbolic link that somebody laid", async () => {
    const target = join(directory, "target");
    await writeFile(target, "precious");
    await symlink(target, join(directory, "host-key.key"));
    await expect(createHostKeyFiles({ directory })).rejects.toMatchObject({ code: "LF-IMAGE-071" });
    await createHostKeyFiles({ directory, overwrite: true });
    expect(await readFile(target, "utf8")).toBe("precious");
  });
});

describe("loadHostKey", () => {
  const write = async (text: string | Uint8Array, bits = 0o600) => {
    const path = join(directory, "key.pem");
    await writeFile(path, text);
    await chmod(path, bits);
    return path;
  };

  it.each([0o644, 0o640, 0o604, 0o660, 0o620])("refuses mode %o", async (bits) => {
    const { privateKey } = await createHostKey();
    const path = await write(privateKey, bits);
    await expect(loadHostKey(path)).rejects.toMatchObject({ code: "LF-KEY-003", hint: `chmod 600 ${path}` });
    await chmod(path, 0o400);
    await loadHostKey(path);
  });

  const P256 = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
-----END PRIVATE KEY-----`;

  it("refuses what is no P-521 private key", async () => {
    const code = async (content: string | Uint8Array) =>
      loadHostKey(await write(content)).then(
        () => "loaded",
        (error: { code: string }) => error.code,
      );
    expect(await code("")).toBe("LF-KEY-004");
    expect(await code("hello")).toBe("LF-KEY-004");
    expect(await code(vector("cert/host.crt"))).toBe("LF-KEY-004");
    expect(await code(new Uint8Array(0x20000))).toBe("LF-KEY-004");
    expect(await code(P256)).toBe("LF-KEY-001");
    expect(await code("-----BEGIN ENCRYPTED PRIVATE KEY-----")).toBe("LF-KEY-005");
    await expect(loadHostKey(join(directory, "absent"))).rejects.toMatchObject({
      code: "LF-IMAGE-070",
      message: expect.stringContaining("no such file"),
    });
    await expect(loadHostKey(directory)).rejects.toMatchObject({ code: "LF-IMAGE-070" });
  });
});
