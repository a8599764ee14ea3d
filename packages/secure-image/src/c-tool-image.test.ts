import { describe, expect, it } from "vitest";
import * as sample from "../test/sample-image.ts";
import { unpack } from "../test/unpack.ts";
import { cToolImage } from "../test/vectors.ts";
import { hexOf } from "./bytes.ts";
import { readSeImage } from "./read-se-image.ts";
import { writeSeImage } from "./write-se-image.ts";

// Made by genprotimg 2.30.0 with the loaders of Debian's s390-tools; see test/vectors/README.md.
const image = cToolImage();

describe("an image of another implementation", () => {
  it("is explained, and its digests hold", () => {
    const info = readSeImage(image, { hostKeys: [sample.sampleHost] });
    expect(info).toMatchObject({
      layout: "genprotimg",
      authenticity: "verified",
      problems: [],
      encrypted: true,
      ipib: { offset: "0x13000", length: 0x1000, headerAddress: "0x0", headerSize: 640 },
      header: { offset: "0x14000", pcf: { flags: ["allowDumping", "pckmoDea", "pckmoAes", "pckmoEcc"] } },
      secrets: { psw: { mask: "0x0000000180000000", address: "0x28000" } },
    });
    expect(info.components.map(({ kind, pages }) => [kind, pages])).toEqual([
      ["kernel", 17],
      ["cmdline", 1],
      ["initrd", 1],
      ["stage3b", 2],
    ]);
    expect(readSeImage(image, { headerKey: sample.noise("hdr", 32) }).authenticity).toBe("verified");
  });

  it("unpacks to what went in", () => {
    const { components, secrets, digests, wanted } = unpack(image);
    expect(digests).toEqual(wanted);
    expect(hexOf(secrets.cck)).toBe(hexOf(sample.noise("cck", 32)));
    expect(hexOf(secrets.imageKey)).toBe(hexOf(sample.noise("xts", 64)));
    const [kernel, cmdline, initrd, stage3b] = components;
    expect(hexOf(kernel!.subarray(0, 0x10440))).toBe(hexOf(sample.sampleKernel(0x10440)));
    expect(Buffer.from(cmdline!).toString("latin1", 0, 26)).toBe("canary in the command line");
    expect(Buffer.from(initrd!).toString("latin1", 0, 30)).toBe("canary in the initial RAM disk");
    const parameters = Buffer.from(stage3b!).subarray(5588 - 64, 5588);
    expect([0, 8, 16, 24, 32, 40, 48, 56].map((at) => Number(parameters.readBigUInt64BE(at)))).toEqual([
      0x15000, 0x10440, 0x26000, 27, 0x27000, 30, 0x1_8000_0000, 0x10000,
    ]);
  });

  it("is rebuilt byte by byte, but for what is random", async () => {
    const { components } = unpack(image);
    const stage3aLength = 11224;
    const rebuilt = await writeSeImage({
      ...sample.sampleOptions({ layout: "genprotimg", pcf: 0x2000_00e0n }),
      kernel: sample.sampleKernel(0x10440),
      initrd: Buffer.from("canary in the initial RAM disk"),
      cmdline: Buffer.from("canary in the command line"),
      loaders: {
        stage3a: image.subarray(0x10000, 0x10000 + stage3aLength),
        stage3b: components[3]!.subarray(0, 5588),
      },
    });
    expect(rebuilt.length).toBe(image.length);
    const withoutTweaks = (of: Uint8Array) => {
      const frame = new Uint8Array(of.subarray(0, 0x14010));
      for (let n = 0; n < 4; n++) frame.fill(0, 0x1308a + 24 * n, 0x13090 + 24 * n);
      return hexOf(frame);
    };
    expect(withoutTweaks(rebuilt)).toBe(withoutTweaks(image));
    expect(hexOf(rebuilt.subarray(0x1401c, 0x14040))).toBe(hexOf(image.subarray(0x1401c, 0x14040)));
    expect(unpack(rebuilt).components.map((part) => hexOf(part))).toEqual(
      components.map((part) => hexOf(part)),
    );
  });
});
