import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { busyboxSample } from "../test/busybox-sample.ts";
import { appletNames } from "./busybox.ts";
import { type FileSystemEntry, writeCpio } from "./cpio.ts";
import { buildBusyboxInitramfs, busyboxFileSystem, packInitramfs } from "./initramfs.ts";

const busybox = busyboxSample();
const tree = (extraFiles: readonly FileSystemEntry[] = []) =>
  new Map(busyboxFileSystem({ busybox, extraFiles }).map((entry) => [entry.path, entry]));

describe("the busybox initramfs", () => {
  it("has a console, an init script, busybox and a link for each applet but itself", () => {
    const files = tree();
    expect(files.get("dev/console")).toMatchObject({ type: "character-device", major: 5, minor: 1 });
    expect(files.get("init")).toMatchObject({ type: "file", mode: 0o755 });
    expect(files.get("usr/bin/busybox")).toMatchObject({ type: "file", mode: 0o755, bytes: busybox });
    expect(files.get("usr/bin/sh")).toEqual({ path: "usr/bin/sh", type: "symlink", target: "busybox" });
    expect(files.get("bin")).toMatchObject({ type: "symlink", target: "usr/bin" });
  });

  it("takes other files, which replace its own and reach merged folders under either name", () => {
    const own: readonly FileSystemEntry[] = [
      { path: "bin/sh", type: "file", mode: 0o755, bytes: Buffer.from("bash") },
      { path: "lib", type: "symlink", target: "usr/lib" },
      { path: "lib/ld64.so.1", type: "file", bytes: Buffer.from("ld") },
      { path: "init", type: "file", bytes: Buffer.from("other") },
    ];
    const files = tree(own);
    expect(files.get("usr/bin/sh")).toMatchObject({ type: "file" });
    expect(files.get("usr/lib/ld64.so.1")).toMatchObject({ type: "file" });
    expect(files.get("init")).toMatchObject({ bytes: Buffer.from("other") });
    expect(() => writeCpio(files.values())).not.toThrow();
  });

  it("runs another init where one is given", () => {
    const entries = busyboxFileSystem({ busybox, init: "#!/bin/sh\nreboot -f\n" });
    expect(entries.find(({ path }) => path === "init")).toMatchObject({
      bytes: Buffer.from("#!/bin/sh\nreboot -f\n"),
    });
  });

  it("is the same bytes each time, in each compression", () => {
    const plain = buildBusyboxInitramfs({ busybox, compression: "none" });
    const gzip = buildBusyboxInitramfs({ busybox });
    const zstd = buildBusyboxInitramfs({ busybox, compression: "zstd" });
    expect(Buffer.from(gzip.subarray(0, 10)).toString("hex")).toBe("1f8b0800000000000203");
    expect(gunzipSync(gzip).equals(plain)).toBe(true);
    expect(zstdDecompressSync(zstd).equals(plain)).toBe(true);
    expect(buildBusyboxInitramfs({ busybox })).toEqual(gzip);
    expect(packInitramfs(busyboxFileSystem({ busybox }), "none")).toEqual(plain);
  });
});

describe("a busybox that the guest cannot run is refused", () => {
  const changed = (at: number, byte: number) => {
    const copy = Buffer.from(busybox);
    copy[at] = byte;
    return copy;
  };
  it.each([
    ["no ELF", Buffer.from("#!/bin/sh\n".padEnd(100))],
    ["an empty file", Buffer.alloc(0)],
    ["one for x86-64", changed(19, 62)],
    ["a little-endian one", changed(5, 1)],
    ["an object file", changed(17, 1)],
    ["one that needs a loader", changed(67, 3)],
    ["one cut in its headers", busybox.subarray(0, 100)],
    ["one without applets", busyboxSample(["no", "table"])],
  ])("%s", (_, file) => {
    expect(() => buildBusyboxInitramfs({ busybox: file })).toThrow(
      expect.objectContaining({ code: "LF-DEBIAN-061" }),
    );
  });
});

it("finds the table of applets behind text that only looks like one", () => {
  expect(appletNames(busybox)).toEqual(["[", "[[", "busybox", "mount", "sh"]);
});
