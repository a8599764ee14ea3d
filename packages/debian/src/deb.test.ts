import { mkdtemp, readFile, readlink, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockframeError } from "@lockframe/architecture";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildAr, buildDeb, buildTar, compressors, type TarEntry } from "../test/deb-builder.ts";
import { storeXz } from "../test/xz-writer.ts";
import { DebFile } from "./deb.ts";

const SAMPLE: readonly TarEntry[] = [
  { name: "./", type: "directory" },
  { name: "./usr/bin/", type: "directory", mode: 0o755 },
  { name: "./usr/bin/tool", content: "x".repeat(100_000), mode: 0o4755 },
  { name: "./usr/bin/alias", type: "symlink", linkname: "tool" },
  { name: "./usr/bin/twin", type: "link", linkname: "./usr/bin/tool" },
  { name: "./dev/null", type: "character-device" },
  { name: "./etc/empty", content: "" },
];
const open = async (entries = SAMPLE, ending: keyof typeof compressors = ".xz") =>
  new DebFile(await buildDeb(entries, ending), "sample.deb");

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lockframe-deb-"));
});
afterEach(() => rm(directory, { recursive: true }));

describe.each(Object.keys(compressors) as (keyof typeof compressors)[])(
  "a .deb with members '.tar%s'",
  (ending) => {
    it("gives its control paragraph and the files asked for", async () => {
      const deb = await open(SAMPLE, ending);
      expect((await deb.control()).get("package")).toBe("sample");
      const files = await deb.files(["usr/bin/tool", "etc/empty"]);
      expect([...files].map(([path, bytes]) => [path, bytes.length])).toEqual([
        ["usr/bin/tool", 100_000],
        ["etc/empty", 0],
      ]);
    });

    it("is refused when it is damaged", async () => {
      const entries = [
        { name: "./file", content: Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * i) >> 3)) },
      ];
      const tar = compressors[ending](await buildTar(entries)).slice(0, -9000);
      const deb = new DebFile(
        buildAr([
          ["debian-binary", Buffer.from("2.0\n")],
          ["control.tar", await buildTar([])],
          [`data.tar${ending}`, tar.length > 20 ? tar : Buffer.from("not compressed")],
        ]),
        "sample.deb",
      );
      await expect(deb.files(["file"])).rejects.toMatchObject({ code: "LF-DEBIAN-042" });
    });
  },
);

describe("a .deb", () => {
  it("lists files, folders and links, and passes devices over", async () => {
    const entries = await (await open()).entries();
    expect(entries.map(({ path, type, mode, target }) => [path, type, mode, target])).toEqual([
      ["usr/bin", "directory", 0o755, undefined],
      ["usr/bin/tool", "file", 0o4755, undefined],
      ["usr/bin/alias", "symlink", expect.any(Number), "tool"],
      ["usr/bin/twin", "hardlink", expect.any(Number), "usr/bin/tool"],
      ["etc/empty", "file", 0o644, undefined],
    ]);
  });

  it("names the files that it lacks", async () => {
    await expect((await open()).files(["etc/empty", "etc/full"])).rejects.toMatchObject({
      code: "LF-DEBIAN-043",
      message: "sample.deb has no etc/full",
    });
  });

  it("is unpacked into a folder, without set-user-ID bits", async () => {
    await (await open()).unpack(directory);
    expect((await readFile(join(directory, "usr/bin/twin"))).length).toBe(100_000);
    expect((await stat(join(directory, "usr/bin/tool"))).mode & 0o7777).toBe(0o755);
    expect(await readlink(join(directory, "usr/bin/alias"))).toBe("tool");
  });

  it.each([
    ["a path upwards", { name: "./a/../../escaped", content: "x" }],
    ["an absolute path", { name: "/escaped", content: "x" }],
    ["a hard link upwards", { name: "./a", type: "link", linkname: "../escaped" }],
  ] satisfies [string, TarEntry][])("with %s writes nothing", async (_, entry) => {
    const deb = await open([{ name: "./first", content: "x" }, entry]);
    await expect(deb.unpack(directory)).rejects.toMatchObject({ code: "LF-DEBIAN-044" });
    expect(await readdir(directory)).toEqual([]);
  });

  it("cannot lead a file through its own symbolic link", async () => {
    const outside = await mkdtemp(join(tmpdir(), "lockframe-outside-"));
    const deb = await open([
      { name: "./way", type: "symlink", linkname: outside },
      { name: "./way/escaped", content: "x" },
    ]);
    await deb.unpack(directory).catch(() => "refused or unpacked within");
    expect(await readdir(outside)).toEqual([]);
    await rm(outside, { recursive: true });
  });

  it("cannot lead a file through a symbolic link that was there before", async () => {
    const first = await open([{ name: "./way", type: "symlink", linkname: "/" }]);
    await first.unpack(directory);
    const second = await open([{ name: "./way/lockframe-escaped", content: "x" }]);
    await expect(second.unpack(directory)).rejects.toMatchObject({ code: "LF-DEBIAN-044" });
  });
});

describe("what is no .deb is refused", () => {
  const bytes = (text: string) => Buffer.from(text);
  const header = `${"debian-binary".padEnd(16)}${"0".padEnd(32)}`;
  it.each([
    ["an empty file", bytes("")],
    ["another file", bytes("PK\u0003\u0004")],
    ["an archive of other things", buildAr([["readme", bytes("hello")]])],
    ["a cut header", bytes(`!<arch>\n${header}`)],
    ["a header with no size", bytes(`!<arch>\n${header}${"x".padEnd(10)}\`\n`)],
    ["a member longer than the file", bytes(`!<arch>\n${header}${"999".padEnd(10)}\`\n2.0\n`)],
    ["a future version", buildAr([["debian-binary", bytes("3.0\n")]])],
    [
      "no data",
      buildAr([
        ["debian-binary", bytes("2.0\n")],
        ["control.tar.xz", storeXz(bytes(""))],
      ]),
    ],
  ])("%s", (_, file) => {
    expect(() => new DebFile(file, "it")).toThrow(expect.objectContaining({ code: "LF-DEBIAN-040" }));
  });

  it("a control file that is none", async () => {
    const deb = new DebFile(await buildDeb([], ".gz", "hello\n"), "it");
    await expect(deb.control()).rejects.toMatchObject({ code: "LF-DEBIAN-040" });
  });

  it("an unknown compression", async () => {
    const members: [string, Uint8Array][] = [
      ["debian-binary", bytes("2.0\n")],
      ["control.tar", await buildTar([])],
      ["data.tar.lzma", bytes("?")],
    ];
    await expect(new DebFile(buildAr(members), "it").entries()).rejects.toMatchObject({
      code: "LF-DEBIAN-041",
    });
  });
});

it.each(Object.keys(compressors) as (keyof typeof compressors)[])(
  "a .deb with '.tar%s' changed at random gives entries or a named error, never another",
  async (ending) => {
    const whole = await buildDeb(SAMPLE.slice(0, 4), ending);
    const damage = fc.record({
      at: fc.nat(whole.length - 1),
      byte: fc.nat(255),
      length: fc.nat(whole.length),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const { at, byte } of changes) bytes[at] = byte;
          const file = cut ? bytes.subarray(0, changes[0]?.length) : bytes;
          try {
            const deb = new DebFile(file, "it");
            await deb.control();
            await deb.entries();
          } catch (error) {
            expect(error).toBeInstanceOf(LockframeError);
          }
        },
      ),
      { numRuns: 60 },
    );
  },
);
