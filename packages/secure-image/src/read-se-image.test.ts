import fc from "fast-check";
import { LockframeError } from "@lockframe/architecture";
import { beforeAll, describe, expect, it } from "vitest";
import * as known from "../test/known-answers.ts";
import * as sample from "../test/sample-image.ts";
import { vector } from "../test/vectors.ts";
import { Pcf, PCF_DEFAULT } from "./control-flags.ts";
import { readSeImage } from "./read-se-image.ts";

const { sampleHost, sampleImage, secondHost } = sample;
const headerKey = sample.noise("hdr", 32);
let image: Uint8Array;
let cImage: Uint8Array;
/** Offset of the IPIB in `image`. */
let ipibAt: number;

beforeAll(async () => {
  image = await sampleImage({ headerKey });
  cImage = await sampleImage({ layout: "genprotimg" });
  ipibAt = Number(Buffer.from(image).readBigUInt64BE(0xc014));
});

/** A copy of an image with some bytes at some places. */
function changed(of: Uint8Array, ...changes: [at: number, bytes: number[]][]): Uint8Array {
  const copy = of.slice();
  for (const [at, bytes] of changes) copy.set(bytes, at);
  return copy;
}

const u64 = (value: bigint | number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return [...bytes];
};

describe("readSeImage", () => {
  it("explains an image without a key", () => {
    const info = readSeImage(image);
    expect(info).toMatchObject({
      layout: "pvimg",
      fileSize: image.length,
      entry: { shortPsw: "0x0008000180011000", address: "0x11000" },
      metadata: { headerOffset: "0x14000" },
      header: {
        offset: "0x14000",
        size: 640,
        version: "0x100",
        pcf: { value: "0x00000000000000e0", flags: ["pckmoDea", "pckmoAes", "pckmoEcc"] },
        customerKey: { onCurve: true },
        keySlots: [{ hostKeyHash: known.expected.hostKeyHash }],
      },
      encrypted: true,
      digests: {
        pld: { matches: true },
        ald: { matches: true },
        tld: { matches: true },
        pages: { claimed: "23", computed: "23", matches: true },
      },
      authenticity: "unchecked",
      problems: [],
    });
    expect(info.components.map(({ kind, address, pages }) => [kind, address, pages])).toEqual([
      ["kernel", "0x15000", 18],
      ["initrd", "0x27000", 3],
      ["cmdline", "0x2a000", 1],
      ["stage3b", "0x2b000", 1],
    ]);
    expect(info.secrets).toBeUndefined();
  });

  it("explains an image of the C tool", () => {
    const info = readSeImage(cImage);
    expect(info.layout).toBe("genprotimg");
    expect(info.problems).toEqual([]);
    expect(info.components.map(({ kind }) => kind)).toEqual(["kernel", "cmdline", "initrd", "stage3b"]);
  });

  it("explains a bare header", () => {
    const info = readSeImage(vector("exp/secure_guest.hdr"));
    expect(info).toMatchObject({ layout: "header-only", components: [], header: { size: 640 } });
    expect(info.digests).toBeUndefined();
  });

  it("is plain data", () => {
    const info = readSeImage(image, { hostKeys: [sampleHost], showSecrets: true });
    expect(JSON.parse(JSON.stringify(info))).toEqual(info);
  });

  it("verifies and opens the header with its key, or with a host's", () => {
    const byHeaderKey = readSeImage(image, { headerKey });
    expect(byHeaderKey).toMatchObject({
      authenticity: "verified",
      secrets: { psw: { mask: "0x0000000180000000", address: "0x2b000" }, scf: { flags: [] } },
    });
    expect(byHeaderKey.secrets?.cck).toBeUndefined();
    expect(readSeImage(image, { hostKeys: [secondHost, sampleHost] }).authenticity).toBe("verified");
    expect(readSeImage(image, { headerKey, showSecrets: true }).secrets?.cck).toHaveLength(64);
  });

  it("says so when a key does not fit", () => {
    const wrong = readSeImage(image, { headerKey: new Uint8Array(32) });
    expect(wrong.authenticity).toBe("failed");
    expect(wrong.problems).toMatchObject([{ code: "LF-IMAGE-066", severity: "error" }]);
    const foreign = readSeImage(image, { hostKeys: [secondHost] });
    expect(foreign.problems).toMatchObject([{ code: "LF-IMAGE-067" }]);
  });

  it("names the owners of key slots", () => {
    const keyNames = new Map([[known.expected.hostKeyHash, "my-host"]]);
    expect(readSeImage(image, { keyNames }).header.keySlots[0]?.name).toBe("my-host");
  });

  it("names flags, known and unknown", async () => {
    const pcf = PCF_DEFAULT | Pcf.noComponentEncryption | Pcf.allowDumping | 1n;
    const info = readSeImage(await sampleImage({ pcf }));
    expect(info.header.pcf.flags).toEqual([
      "allowDumping",
      "noComponentEncryption",
      "pckmoDea",
      "pckmoAes",
      "pckmoEcc",
      "bit-63",
    ]);
    expect(info.encrypted).toBe(false);
    expect(info.problems).toMatchObject([{ severity: "warning", code: "LF-IMAGE-065" }]);
  });

  const tampered: [string, string, () => Uint8Array][] = [
    ["LF-IMAGE-060", "a byte of the kernel", () => changed(image, [0x15abc, [image[0x15abc]! ^ 1]])],
    ["LF-IMAGE-060", "the page list digest", () => changed(image, [0x140e0, [image[0x140e0]! ^ 1]])],
    ["LF-IMAGE-061", "the address list digest", () => changed(image, [0x14120, [image[0x14120]! ^ 1]])],
    ["LF-IMAGE-062", "the tweak list digest", () => changed(image, [0x14160, [image[0x14160]! ^ 1]])],
    ["LF-IMAGE-062", "a tweak", () => changed(image, [ipibAt + 0x8f, [image[ipibAt + 0x8f]! ^ 1]])],
    ["LF-IMAGE-063", "the number of pages", () => changed(image, [0x14037, [24]])],
    ["LF-IMAGE-064", "the customer key", () => changed(image, [0x140df, [image[0x140df]! ^ 1]])],
  ];
  it.each(tampered)("reports %s after a change of %s", (code, _what, tamper) => {
    const info = readSeImage(tamper());
    expect(info.problems.map((problem) => problem.code)).toEqual([code]);
    const opened = readSeImage(tamper(), { headerKey });
    const headerTouched = opened.authenticity === "failed";
    expect(headerTouched || opened.problems.some((problem) => problem.code === code)).toBe(true);
  });

  const broken: [string, string, () => Uint8Array, number?][] = [
    ["LF-IMAGE-010", "an empty file", () => new Uint8Array(0)],
    ["LF-IMAGE-010", "noise", () => sample.noise("noise", 0x20000), 0x14000],
    ["LF-IMAGE-043", "an ELF file", () => Buffer.from("\x7fELF and so on")],
    ["LF-IMAGE-044", "a plain kernel", () => sample.sampleKernel()],
    ["LF-IMAGE-042", "a file cut before the header", () => image.subarray(0, 0x13fff)],
    ["LF-IMAGE-042", "a file cut before the IPIB", () => image.subarray(0, ipibAt - 1)],
    ["LF-IMAGE-001", "a file cut in the metadata", () => image.subarray(0, 0xc00c), 0xc010],
    ["LF-IMAGE-001", "a file cut in the IPIB", () => image.subarray(0, ipibAt + 0x90)],
    ["LF-IMAGE-030", "an image of the C tool cut in the last component", () => cImage.subarray(0, 0x2bfff)],
    ["LF-IMAGE-012", "an image of the C tool cut in the header", () => cImage.subarray(0, 0x14200), 0x1400c],
    ["LF-IMAGE-041", "metadata of version 2", () => changed(image, [0xc013, [2]]), 0xc010],
    ["LF-IMAGE-042", "a header at 2^60", () => changed(image, [0xc008, u64(1n << 60n)]), 0xc008],
    ["LF-IMAGE-010", "a header that is none", () => changed(image, [0xc008, u64(0x15000)]), 0x15000],
    ["LF-IMAGE-011", "a header of version 0x200", () => changed(image, [0x1400a, [2]]), 0x14008],
    ["LF-IMAGE-012", "a header of 4 GiB", () => changed(image, [0x1400c, [0xff, 0xff, 0xff, 0xff]]), 0x1400c],
    ["LF-IMAGE-013", "no key slots", () => changed(image, [0x14027, [0]]), 0x14020],
    ["LF-IMAGE-014", "a huge encrypted area", () => changed(image, [0x14028, [0xff]]), 0x14028],
    ["LF-IMAGE-020", "an IPIB of another type", () => changed(image, [ipibAt + 0x0c, [2]])],
    ["LF-IMAGE-021", "an IPIB of 4 GiB", () => changed(image, [ipibAt, [0xff, 0xff, 0xff, 0xff]])],
    ["LF-IMAGE-021", "an IPIB of 8 bytes", () => changed(image, [ipibAt, [0, 0, 0, 8]])],
    ["LF-IMAGE-022", "2^24 components", () => changed(image, [ipibAt + 0x74, [1]])],
    ["LF-IMAGE-022", "no components", () => changed(image, [ipibAt + 0x77, [0]])],
    ["LF-IMAGE-023", "a component off the page boundary", () => changed(image, [ipibAt + 0x97, [1]])],
    [
      "LF-IMAGE-024",
      "equal tweaks",
      () => changed(image, [ipibAt + 0x88, [...image.subarray(ipibAt + 0xa0, ipibAt + 0xa8)]]),
    ],
    ["LF-IMAGE-025", "a component of no length", () => changed(image, [ipibAt + 0x98, u64(0)])],
    ["LF-IMAGE-025", "a component of a page and a byte", () => changed(image, [ipibAt + 0x98, u64(0x1001)])],
    ["LF-IMAGE-026", "a component at 2^63", () => changed(image, [ipibAt + 0x90, u64(1n << 63n)])],
    ["LF-IMAGE-030", "a component of 4 GiB", () => changed(image, [ipibAt + 0x98, u64(0x1_0000_0000)])],
    ["LF-IMAGE-031", "components at one place", () => changed(image, [ipibAt + 0xa8, u64(0x15000)])],
    ["LF-IMAGE-031", "a component over the header", () => changed(image, [ipibAt + 0x90, u64(0x14000)])],
    ["LF-IMAGE-040", "no IPIB", () => changed(cImage, [0x1300c, [0]])],
  ];
  it.each(broken)("refuses with %s: %s", (code, _what, make, offset) => {
    const file = make();
    const refused = expect.objectContaining(offset === undefined ? { code } : { code, offset });
    expect(() => readSeImage(file)).toThrow(refused);
  });

  it("says where a component claims 4 GiB in a file of little more than 100 KiB", () => {
    const file = changed(image, [ipibAt + 0x98, u64(0x1_0000_0000)]);
    expect(() => readSeImage(file)).toThrow(
      /component 0 claims 0x15000 to 0x100015000; the file has 0x2c0e8 bytes/,
    );
  });

  it("throws nothing but named errors, whatever the bytes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("pvimg", "genprotimg"),
        fc.array(fc.tuple(fc.nat({ max: 0x2d000 }), fc.uint8Array({ minLength: 1, maxLength: 9 })), {
          maxLength: 6,
        }),
        fc.option(fc.nat({ max: 0x2d000 })),
        (layout, patches, cut) => {
          const base = layout === "pvimg" ? image : cImage;
          const file = base.slice(0, cut ?? base.length);
          for (const [at, bytes] of patches)
            file.set(bytes.subarray(0, Math.max(0, file.length - at)), Math.min(at, file.length));
          try {
            readSeImage(file, { hostKeys: [sampleHost] });
          } catch (error) {
            expect(error).toBeInstanceOf(LockframeError);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
