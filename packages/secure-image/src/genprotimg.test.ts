import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as sample from "../test/sample-image.ts";
import { vector } from "../test/vectors.ts";
import { genprotimg, genprotimgExitStatus, type GenprotimgOptions } from "./genprotimg.ts";
import { createHostKeyFiles, type HostKeyFiles } from "./host-key/host-key-files.ts";
import { formatImageInfo, imageInfo, imageLooksSound } from "./image-info.ts";
import { stage3a } from "./loaders/index.ts";

let directory: string;
let keys: HostKeyFiles;
let count = 0;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "lockframe-genprotimg-"));
  keys = await createHostKeyFiles({ directory: at("keys") });
  await writeFile(at("kernel"), sample.sampleKernel());
  await writeFile(at("initrd"), sample.sampleInitrd);
  await writeFile(at("parmfile"), sample.sampleCmdline);
  await writeFile(at("cck"), sample.noise("cck", 32));
  await writeFile(at("hdr"), sample.noise("hdr", 32));
  await writeFile(at("xts"), sample.noise("xts", 64));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

function options(changes: Partial<GenprotimgOptions> = {}): GenprotimgOptions {
  return {
    kernel: at("kernel"),
    ramdisk: at("initrd"),
    parmfile: at("parmfile"),
    output: at(`image-${count++}`),
    hostKeyDocuments: [keys.document],
    certificates: [keys.signingCertificate],
    crls: keys.crls,
    rootCa: keys.rootCertificate,
    offline: true,
    ...changes,
  };
}

/** No certificates, and what needs them. */
const unverified = { certificates: [], crls: [], offline: false } as const;
function noVerify(changes: Partial<GenprotimgOptions> = {}): GenprotimgOptions {
  const { rootCa: _rootCa, ...others } = options({ ...unverified, noVerify: true, ...changes });
  return others;
}

async function seal(changes: Partial<GenprotimgOptions>) {
  const { output } = await genprotimg(options(changes));
  return imageInfo(output, { hostKeys: [keys.privateKey], showSecrets: true });
}

describe("genprotimg", () => {
  it("seals files into an image that its host can open", async () => {
    const outcome = await genprotimg(options());
    expect(outcome.warnings).toEqual([]);
    expect(outcome.hostKeys).toMatchObject([{ name: keys.document, hash: keys.hash }]);
    const info = await imageInfo(outcome.output, {
      hostKeys: [keys.privateKey],
      hostKeyDocuments: [keys.document],
    });
    expect(info.problems).toEqual([]);
    expect(info.authenticity).toBe("verified");
    expect(info.header.keySlots).toEqual([{ hostKeyHash: keys.hash, name: keys.document }]);
    expect(info.components.map(({ kind }) => kind)).toEqual(["kernel", "initrd", "cmdline", "stage3b"]);
    expect(info.fileSize).toBe(outcome.image.size);
  });

  it("uses loaders of our own, or those of a directory", async () => {
    const ours = await readFile((await genprotimg(options())).output);
    expect(ours.subarray(0x10000, 0x10000 + stage3a().length - 24).equals(stage3a().subarray(0, -24))).toBe(
      true,
    );
    await mkdir(at("boot"));
    await writeFile(at("boot/stage3a.bin"), sample.sampleLoaders.stage3a);
    await writeFile(at("boot/stage3b_reloc.bin"), sample.sampleLoaders.stage3b);
    const theirs = await readFile((await genprotimg(options({ bootloaderDirectory: at("boot") }))).output);
    expect(theirs.subarray(0x10000, 0x10100).equals(sample.sampleLoaders.stage3a.subarray(0, 0x100))).toBe(
      true,
    );
    await expect(genprotimg(options({ bootloaderDirectory: at("absent") }))).rejects.toMatchObject({
      code: "LF-IMAGE-070",
      message: expect.stringContaining("stage3a.bin"),
    });
  });

  it("uses the keys of files", async () => {
    const info = await seal({ cck: at("cck"), headerKey: at("hdr"), imageKey: at("xts") });
    expect(info.secrets?.cck).toBe(Buffer.from(sample.noise("cck", 32)).toString("hex"));
    expect(info.secrets?.imageKey).toBe(Buffer.from(sample.noise("xts", 64)).toString("hex"));
    const byKey = await imageInfo(at(`image-${count - 1}`), { headerKey: at("hdr") });
    expect(byKey.authenticity).toBe("verified");
  });

  const flagCases: [string, string, string, Partial<GenprotimgOptions>][] = [
    ["0x00000000000000e0", "0x0000000000000000", "nothing", {}],
    ["0x00000000200000e0", "0x2000000000000000", "dump with CCK update", { enable: ["dump", "cck-update"] }],
    ["0x0000000000000000", "0x0000000000000000", "no PCKMO", { disable: ["pckmo"] }],
    [
      "0x00000000000000f2",
      "0x0000000000000000",
      "HMAC, backup keys",
      { enable: ["pckmo-hmac", "backup-keys"] },
    ],
    ["0x00000000100000e0", "0x0000000000000000", "no encryption", { disable: ["image-encryption"] }],
    ["0x00000000000000e0", "0x0000000000000000", "encryption", { enable: ["image-encryption", "pckmo"] }],
    ["0x00000000100000ff", "0x0000000000000001", "numbers", { xPcf: "0x100000ff", xScf: "1" }],
  ];
  it.each(flagCases)("sets the flags %s and %s for %s", async (pcf, scf, _what, changes) => {
    const info = await seal(changes);
    expect(info.header.pcf.value).toBe(pcf);
    expect(info.secrets?.scf.value).toBe(scf);
    const flagged = await seal({ ...changes, cck: at("cck") });
    expect(flagged.secrets?.scf.value).toBe(scf);
  });

  it("makes add-secret requests prove that they know the CCK", async () => {
    const info = await seal({ enable: ["cck-extension-secret"], cck: at("cck") });
    expect(info.secrets?.scf.flags).toEqual(["cckExtensionSecretEnforcement"]);
  });

  it("starts the guest where it is told", async () => {
    expect((await seal({ xPsw: "0x4000" })).secrets?.psw.address).toBe("0x4000");
  });

  it("warns where protection is given up", async () => {
    const outcome = await genprotimg(noVerify({ disable: ["image-encryption"], noComponentCheck: true }));
    expect(outcome.warnings).toHaveLength(3);
  });

  it("tells how far it is", async () => {
    const steps: number[] = [];
    await genprotimg(options({ onProgress: (done, total) => steps.push(done / total) }));
    expect(steps.at(-1)).toBe(1);
  });

  const usage: [string, string, () => GenprotimgOptions][] = [
    ["LF-IMAGE-080", "no host key document", () => options({ hostKeyDocuments: [] })],
    ["LF-IMAGE-080", "neither certificate nor --no-verify", () => ({ ...noVerify(), noVerify: false })],
    ["LF-IMAGE-081", "both", () => options({ noVerify: true })],
    ["LF-IMAGE-082", "a list without certificates", () => noVerify({ crls: keys.crls })],
    ["LF-IMAGE-082", "a root without certificates", () => ({ ...noVerify(), rootCa: keys.rootCertificate })],
    ["LF-IMAGE-082", "--offline without certificates", () => noVerify({ offline: true })],
    ["LF-IMAGE-081", "on and off", () => options({ enable: ["pckmo"], disable: ["pckmo"] })],
    ["LF-IMAGE-081", "a flag and --x-pcf", () => options({ enable: ["pckmo"], xPcf: "0" })],
    ["LF-IMAGE-081", "a flag and --x-scf", () => options({ disable: ["pckmo"], xScf: "0" })],
    [
      "LF-IMAGE-081",
      "extension secret and update",
      () => options({ enable: ["cck-extension-secret", "cck-update"], cck: at("cck") }),
    ],
    [
      "LF-IMAGE-081",
      "an image key that is not used",
      () => options({ disable: ["image-encryption"], imageKey: at("xts") }),
    ],
    ["LF-IMAGE-082", "dump without CCK", () => options({ enable: ["dump"] })],
    ["LF-IMAGE-082", "extension secret without CCK", () => options({ enable: ["cck-extension-secret"] })],
    ["LF-IMAGE-083", "flags that are no number", () => options({ xPcf: "0xzz" })],
    ["LF-IMAGE-083", "17 digits", () => options({ xScf: "0x10000000000000000" })],
    ["LF-IMAGE-083", "an empty address", () => options({ xPsw: "" })],
  ];
  it.each(usage)("exits with 2, %s: %s", async (code, _what, make) => {
    const error: unknown = await genprotimg(make()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(genprotimgExitStatus(error)).toBe(2);
  });

  const failures: [string, string, (bad: string) => GenprotimgOptions][] = [
    ["LF-IMAGE-070", "a missing kernel", (bad) => options({ kernel: bad })],
    ["LF-IMAGE-070", "a kernel that is a directory", () => options({ kernel: directory })],
    ["LF-IMAGE-070", "a missing RAM disk", (bad) => options({ ramdisk: bad })],
    ["LF-IMAGE-070", "a missing command line", (bad) => options({ parmfile: bad })],
    ["LF-IMAGE-070", "a missing document", (bad) => options({ hostKeyDocuments: [bad] })],
    ["LF-IMAGE-070", "a missing list", (bad) => options({ crls: [bad] })],
    ["LF-IMAGE-070", "a missing root", (bad) => options({ rootCa: bad })],
    ["LF-IMAGE-070", "a missing key", (bad) => options({ cck: bad })],
    ["LF-IMAGE-072", "an output in no directory", (bad) => options({ output: join(bad, "image") })],
    ["LF-IMAGE-071", "an output that is a directory", () => options({ output: directory })],
    ["LF-IMAGE-054", "a key of the wrong length", () => options({ cck: at("xts") })],
    ["LF-IMAGE-051", "a RAM disk as kernel", () => options({ kernel: at("initrd") })],
    ["LF-KEY-010", "a kernel as document", () => noVerify({ hostKeyDocuments: [at("kernel")] })],
    ["LF-KEY-001", "a signing key as document", () => noVerify({ hostKeyDocuments: [at("ibm.crt")] })],
    ["LF-KEY-023", "a chain without lists", () => options({ crls: [] })],
    [
      "LF-IMAGE-015",
      "96 documents",
      () => options({ hostKeyDocuments: Array<string>(96).fill(keys.document) }),
    ],
  ];
  it.each(failures)("exits with 1 and leaves nothing behind, %s: %s", async (code, _what, make) => {
    await writeFile(at("ibm.crt"), vector("cert/ibm.crt"));
    const made = make(at("absent"));
    const before = await readdir(directory);
    const error: unknown = await genprotimg(made).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(genprotimgExitStatus(error)).toBe(1);
    expect(await readdir(directory)).toEqual(before);
  });

  it("overwrites only when told to, and never half", async () => {
    await writeFile(at("precious"), "precious");
    await expect(genprotimg(options({ output: at("precious") }))).rejects.toMatchObject({
      code: "LF-IMAGE-071",
    });
    const broken = options({ output: at("precious"), overwrite: true, kernel: at("initrd") });
    await expect(genprotimg(broken)).rejects.toMatchObject({ code: "LF-IMAGE-051" });
    expect(await readFile(at("precious"), "utf8")).toBe("precious");
    await genprotimg(options({ output: at("precious"), overwrite: true }));
    expect((await imageInfo(at("precious"))).problems).toEqual([]);
  });

  it("can overwrite one of its inputs", async () => {
    await writeFile(at("both"), sample.sampleKernel());
    await genprotimg(options({ kernel: at("both"), output: at("both"), overwrite: true }));
    expect((await imageInfo(at("both"))).layout).toBe("pvimg");
  });

  it.skipIf(process.getuid?.() === 0)("cannot write where it may not (root may anywhere)", async () => {
    await mkdir(at("closed"));
    await chmod(at("closed"), 0o500);
    await expect(genprotimg(options({ output: at("closed/image") }))).rejects.toMatchObject({
      code: "LF-IMAGE-072",
    });
  });

  it("writes the old tool's layout for tests", async () => {
    expect((await seal({ layout: "genprotimg" })).layout).toBe("genprotimg");
  });
});

describe("image info", () => {
  it("is text for people", async () => {
    const { output } = await genprotimg(options({ headerKey: at("hdr") }));
    const text = formatImageInfo(
      await imageInfo(output, { headerKey: at("hdr"), hostKeyDocuments: [keys.document] }),
    );
    for (const part of [
      "pvimg",
      "verified",
      keys.hash,
      keys.document,
      "pckmoAes",
      "stage3b",
      "match",
      "for one host",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("Problems");
    expect(text).not.toContain(Buffer.from(sample.noise("hdr", 32)).toString("hex"));
  });

  it("names what is wrong", async () => {
    const { output } = await genprotimg(options());
    const image = await readFile(output);
    image[0x15000]! ^= 1;
    await writeFile(at("tampered"), image);
    const info = await imageInfo(at("tampered"));
    expect(imageLooksSound(info)).toBe(false);
    expect(formatImageInfo(info)).toMatch(/DIFFER[\s\S]*error LF-IMAGE-060/);
  });

  it("refuses files that are no images, and secrets without a key", async () => {
    await expect(imageInfo(at("absent"))).rejects.toMatchObject({ code: "LF-IMAGE-070" });
    await expect(imageInfo(directory)).rejects.toMatchObject({ code: "LF-IMAGE-070" });
    await expect(imageInfo(at("kernel"))).rejects.toMatchObject({ code: "LF-IMAGE-044" });
    await expect(imageInfo(at("kernel"), { showSecrets: true })).rejects.toMatchObject({
      code: "LF-IMAGE-082",
    });
    await expect(imageInfo(at("kernel"), { headerKey: at("xts") })).rejects.toMatchObject({
      code: "LF-IMAGE-054",
    });
  });
});
