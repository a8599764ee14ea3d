import { createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as sample from "../test/sample-image.ts";
import { unpack as unpackImage } from "../test/unpack.ts";
import { hexOf, PAGE_SIZE } from "./bytes.ts";
import { Pcf, PCF_DEFAULT } from "./control-flags.ts";
import { openSeHeader } from "./open-se-header.ts";
import { parseSeImage } from "./parse-se-image.ts";
import { type SeImageOptions, writeSeImage, writeSeImageTo } from "./write-se-image.ts";

const { sampleHost, sampleImage, sampleOptions } = sample;
const support = { supportedPcf: 0x3000_00f2n, supportedScf: 0n };

/** The plain components of an image, after its digests were found to hold. */
function unpack(image: Uint8Array): readonly Uint8Array[] {
  const { components, digests, wanted } = unpackImage(image);
  expect(digests).toEqual(wanted);
  return components;
}

const u64 = (bytes: Uint8Array, at: number) => Buffer.from(bytes).readBigUInt64BE(at);
const u32 = (bytes: Uint8Array, at: number) => Buffer.from(bytes).readUInt32BE(at);

describe("writeSeImage in the layout of pvimg", () => {
  it("puts everything where the format says", async () => {
    const image = await sampleImage();
    expect(hexOf(image.subarray(0, 8))).toBe("0008000180011000");
    expect(Buffer.from(image.subarray(0xc000, 0xc008)).toString()).toBe("SeImgLnx");
    expect(u64(image, 0xc008)).toBe(0x14000n);
    expect(u32(image, 0xc010)).toBe(1);

    const kernelAt = 0x15000;
    const initrdAt = kernelAt + 0x12000;
    const cmdlineAt = initrdAt + 0x3000;
    const stage3bAt = cmdlineAt + 0x1000;
    const ipibAt = stage3bAt + 0x1000;
    expect(u64(image, 0xc014)).toBe(BigInt(ipibAt));
    expect(image.length).toBe(ipibAt + 0x88 + 4 * 24);

    const { ipib, layout } = parseSeImage(image);
    expect(layout).toBe("pvimg");
    expect(ipib).toMatchObject({ length: 0xe8, headerAddress: 0x14000, headerSize: 640 });
    expect(u32(image, ipibAt + 8)).toBe(0xe0);
    expect(ipib?.components.map(({ address, length }) => [address, length])).toEqual([
      [kernelAt, 0x12000],
      [initrdAt, 0x3000],
      [cmdlineAt, 0x1000],
      [stage3bAt, 0x1000],
    ]);
    expect(ipib?.components.map(({ tweakPrefix }) => tweakPrefix >> 48n)).toEqual([40n, 50n, 60n, 70n]);
  });

  it("tells stage3a where header and IPIB are", async () => {
    const image = await sampleImage();
    const at = 0x10000 + sample.sampleLoaders.stage3a.length - 24;
    expect(hexOf(image.subarray(0x10000, at))).toBe(hexOf(sample.sampleLoaders.stage3a.subarray(0, -24)));
    expect(Number(u64(image, at)) + at).toBe(0x14000);
    expect(u64(image, at + 8)).toBe(640n);
    expect(Number(u64(image, at + 16)) + at).toBe(parseSeImage(image).ipib?.offset);
  });

  it("unpacks to what went in, and tells stage3b where it is", async () => {
    const image = await sampleImage();
    const [kernel, initrd, cmdline, stage3b] = unpack(image);
    expect(hexOf(kernel!.subarray(0, 0x11800))).toBe(hexOf(sample.sampleKernel()));
    expect(kernel!.subarray(0x11800).every((byte) => byte === 0)).toBe(true);
    expect(hexOf(initrd!.subarray(0, 0x2001))).toBe(hexOf(sample.sampleInitrd));
    expect(Buffer.from(cmdline!).toString("latin1", 0, 42)).toBe(`${sample.sampleCmdline.toString()}\0`);
    const parameters = stage3b!.subarray(0x840 - 64, 0x840);
    expect([0, 8, 16, 24, 32, 40, 48, 56].map((at) => Number(u64(parameters, at)))).toEqual([
      0x15000, 0x11800, 0x2a000, 42, 0x27000, 0x2001, 0x1_8000_0000, 0x10000,
    ]);
    expect(hexOf(stage3b!.subarray(0, 0x800))).toBe(hexOf(sample.sampleLoaders.stage3b.subarray(0, 0x800)));
  });

  it("leaves the loaders that it is given as they are", async () => {
    const { stage3a, stage3b } = sample.sampleLoaders;
    const before = [hexOf(stage3a), hexOf(stage3b)];
    await sampleImage();
    expect([hexOf(stage3a), hexOf(stage3b)]).toEqual(before);
  });

  it("starts the guest at stage3b unless told otherwise", async () => {
    const start = async (changes: Partial<SeImageOptions>) => {
      const opened = openSeHeader(
        parseSeImage(await sampleImage(changes)).headerBytes,
        [sampleHost],
        support,
      );
      return opened.ok ? opened.secrets.psw : undefined;
    };
    expect(await start({})).toEqual({ mask: 0x1_8000_0000n, address: 0x2b000n });
    expect(await start({ pswAddress: 0x4000n })).toEqual({ mask: 0x1_8000_0000n, address: 0x4000n });
  });

  it("leaves no plain text of a component in the file", async () => {
    const image = Buffer.from(await sampleImage());
    expect(image.includes("canary-in-the-command-line")).toBe(false);
    expect(image.includes(sample.sampleKernel().subarray(0, 32))).toBe(false);
    const plain = Buffer.from(await sampleImage({ pcf: PCF_DEFAULT | Pcf.noComponentEncryption }));
    expect(plain.includes("canary-in-the-command-line")).toBe(true);
    unpack(plain);
  });

  it("needs neither RAM disk nor command line; an empty RAM disk is one page", async () => {
    const { kernel, hostKeys, loaders } = sampleOptions();
    const bare = { kernel, hostKeys, loaders };
    const parts = unpack(await writeSeImage(bare));
    expect(parts.length).toBe(2);
    expect(Number(u64(parts[1]!.subarray(0x840 - 64), 16))).toBe(0);
    const empty = unpack(await writeSeImage({ ...bare, initrd: new Uint8Array(0) }));
    expect(empty[1]!.length).toBe(PAGE_SIZE);
  });

  it("adds no page to a component of whole pages and no second NUL to a command line", async () => {
    const cmdline = Buffer.from("quiet\0");
    const [, initrd, line, stage3b] = unpack(
      await sampleImage({ initrd: sample.noise("x", 0x2000), cmdline }),
    );
    expect(initrd!.length).toBe(0x2000);
    expect(line!.length).toBe(PAGE_SIZE);
    expect(u64(stage3b!.subarray(0x840 - 64), 24)).toBe(6n);
  });

  it("seals for several hosts, each of which can open it", async () => {
    const hosts = [sample.secondHost, sampleHost];
    const image = await sampleImage({ hostKeys: hosts.map((host) => createPublicKey(host)) });
    const { headerBytes } = parseSeImage(image);
    for (const host of hosts) expect(openSeHeader(headerBytes, [host], support).ok).toBe(true);
  });

  it("gives a header of two pages its room", async () => {
    const image = await sampleImage({
      hostKeys: Array.from({ length: 60 }, () => createPublicKey(sampleHost)),
    });
    expect(parseSeImage(image).ipib?.components[0]?.address).toBe(0x16000);
    unpack(image);
  });

  it("uses the keys that it is given, and new ones otherwise", async () => {
    const given = {
      cck: sample.noise("cck", 32),
      headerKey: sample.noise("hdr", 32),
      imageKey: sample.noise("xts", 64),
    };
    const secrets = async (changes: Partial<SeImageOptions>) => {
      const opened = openSeHeader(
        parseSeImage(await sampleImage(changes)).headerBytes,
        [sampleHost],
        support,
      );
      if (!opened.ok) throw new Error(opened.reason);
      return { ...opened.secrets, customer: hexOf(opened.header.customerKey), iv: hexOf(opened.header.iv) };
    };
    const used = await secrets(given);
    expect(hexOf(used.cck)).toBe(hexOf(given.cck));
    expect(hexOf(used.imageKey)).toBe(hexOf(given.imageKey));
    const [a, b] = [await secrets({}), await secrets({})];
    for (const name of ["cck", "imageKey", "customer", "iv"] as const) expect(a[name]).not.toEqual(b[name]);
  });

  it("writes the same bytes piecewise, from sources that are read piece by piece", async () => {
    const fixed = { random: sample.reproducible("same"), customerKey: sampleHost };
    const whole = await sampleImage({ ...fixed });
    const large = sample.noise("large", 0x300123);
    const pieces = Buffer.alloc(0x400000);
    let reads = 0;
    const progress: number[] = [];
    const written = await writeSeImageTo(
      { write: (offset, bytes) => void pieces.set(bytes, offset) },
      sampleOptions({
        random: sample.reproducible("same"),
        customerKey: sampleHost,
        initrd: {
          size: large.length,
          read: (offset, length) => {
            reads += 1;
            return Promise.resolve(large.subarray(offset, offset + length));
          },
        },
        onProgress: (done, total) => progress.push(done / total),
      }),
    );
    expect(reads).toBe(4);
    expect(progress[0]).toBe(0);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual(progress.toSorted((x, y) => x - y));
    expect(
      hexOf(unpack(pieces.subarray(0, written.size))[1]!.subarray(0, large.length)) === hexOf(large),
    ).toBe(true);
    expect(whole).toEqual(
      await sampleImage({ random: sample.reproducible("same"), customerKey: sampleHost }),
    );
  });
});

describe("writeSeImage in the layout of the C tool", () => {
  it("puts IPIB and header first and the command line before the RAM disk", async () => {
    const image = await sampleImage({ layout: "genprotimg" });
    const { ipib, layout, headerOffset, metadata } = parseSeImage(image);
    expect(layout).toBe("genprotimg");
    expect(metadata).toBeUndefined();
    expect(headerOffset).toBe(0x14000);
    expect(ipib).toMatchObject({ offset: 0x13000, length: 0x1000, headerAddress: 0, headerSize: 640 });
    expect(ipib?.components.map(({ address, tweakPrefix }) => [address, Number(tweakPrefix >> 48n)])).toEqual(
      [
        [0x15000, 0],
        [0x27000, 1],
        [0x28000, 2],
        [0x2b000, 3],
      ],
    );
    expect(u32(image, 0x13008)).toBe(0xe0);
    expect(image.length).toBe(0x2c000);
    const [, cmdline, initrd, stage3b] = unpack(image);
    expect(Buffer.from(cmdline!).toString("latin1", 0, 5)).toBe("root=");
    expect(hexOf(initrd!.subarray(0, 16))).toBe(hexOf(sample.sampleInitrd.subarray(0, 16)));
    expect(Number(u64(stage3b!.subarray(0x840 - 64), 16))).toBe(0x27000);
  });
});

describe("writeSeImage refuses", () => {
  const kernel = sample.sampleKernel();
  const elf = kernel.slice();
  elf.set([0x7f, 0x45, 0x4c, 0x46]);
  const x86 = new Uint8Array(0x20000);
  x86.set(Buffer.from("HdrS"), 0x202);
  const refusals: [string, string, Partial<SeImageOptions>, RegExp][] = [
    ["LF-IMAGE-050", "an ELF kernel", { kernel: elf }, /ELF/],
    ["LF-IMAGE-051", "a kernel for another architecture", { kernel: x86 }, /x86 kernel/],
    ["LF-IMAGE-051", "a kernel of a few bytes", { kernel: kernel.subarray(0, 100) }, /S390EP/],
    ["LF-IMAGE-051", "an empty kernel", { kernel: new Uint8Array(0) }, /S390EP/],
    [
      "LF-IMAGE-052",
      "a command line of 896 characters",
      { cmdline: Buffer.alloc(896, "x") },
      /897 bytes.*896/,
    ],
    ["LF-IMAGE-053", "a stage3a without room for parameters", shortLoader("stage3a"), /stage3a/],
    ["LF-IMAGE-053", "a stage3b without room for parameters", shortLoader("stage3b"), /stage3b/],
    [
      "LF-IMAGE-054",
      "a customer communication key of 31 bytes",
      { cck: new Uint8Array(31) },
      /31 bytes; exactly 32/,
    ],
    ["LF-IMAGE-054", "a header key of 33 bytes", { headerKey: new Uint8Array(33) }, /header/],
    ["LF-IMAGE-054", "an image key of 32 bytes", { imageKey: new Uint8Array(32) }, /exactly 64/],
    ["LF-IMAGE-056", "an image key of equal halves", { imageKey: new Uint8Array(64) }, /halves/],
    ["LF-IMAGE-015", "no host key", { hostKeys: [] }, /0 host keys/],
    [
      "LF-IMAGE-055",
      "a RAM disk that shrinks",
      { initrd: { size: 9, read: () => new Uint8Array(8) } },
      /changed/,
    ],
  ];
  it.each(refusals)("%s: %s", async (code, _what, changes, message) => {
    await expect(sampleImage(changes)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("takes the kernel's own limit of the command line, and anything without the check", async () => {
    const cmdline = Buffer.alloc(4095, "x");
    unpack(await sampleImage({ kernel: sample.sampleKernel(0x11000, 4096n), cmdline }));
    await expect(sampleImage({ kernel: sample.sampleKernel(0x11000, 4095n), cmdline })).rejects.toThrow(
      /4095/,
    );
    unpack(await sampleImage({ kernel: elf, noComponentCheck: true }));
  });

  it("writes nothing before the checks are done", async () => {
    let writes = 0;
    const sink = { write: () => void (writes += 1) };
    for (const [, , changes] of refusals.slice(0, -1)) {
      await expect(writeSeImageTo(sink, sampleOptions(changes))).rejects.toThrow();
    }
    expect(writes).toBe(0);
  });
});

function shortLoader(name: "stage3a" | "stage3b"): Partial<SeImageOptions> {
  return { loaders: { ...sample.sampleLoaders, [name]: new Uint8Array(24) } };
}
