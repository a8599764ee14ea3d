import { describe, expect, it } from "vitest";
import { type FileSystemEntry, writeCpio } from "./cpio.ts";

/** Reads a newc archive by its published layout, sharing nothing with the writer. */
function readCpio(archive: Uint8Array) {
  const bytes = Buffer.from(archive);
  const entries: { name: string; mode: number; rdev: string; content: Buffer; nlink: number; ino: number }[] =
    [];
  for (let at = 0; ;) {
    expect(bytes.toString("latin1", at, at + 6)).toBe("070701");
    expect(at % 4).toBe(0);
    const word = (index: number) =>
      Number.parseInt(bytes.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const name = bytes.toString("utf8", at + 110, at + 110 + word(11) - 1);
    expect(bytes[at + 110 + word(11) - 1]).toBe(0);
    const start = Math.ceil((at + 110 + word(11)) / 4) * 4;
    if (name === "TRAILER!!!") {
      expect(bytes.subarray(start).every((byte) => byte === 0)).toBe(true);
      return entries;
    }
    expect([word(2), word(3), word(5), word(7), word(8), word(12)]).toEqual([0, 0, 0, 0, 0, 0]); // uid gid mtime dev check
    const content = bytes.subarray(start, start + word(6));
    entries.push({
      name,
      mode: word(1),
      rdev: `${word(9)}:${word(10)}`,
      content,
      nlink: word(4),
      ino: word(0),
    });
    at = Math.ceil((start + word(6)) / 4) * 4;
  }
}

const SAMPLE: readonly FileSystemEntry[] = [
  { path: "init", type: "file", mode: 0o755, bytes: Buffer.from("#!/bin/sh\n") },
  { path: "dev/console", type: "character-device", major: 5, minor: 1 },
  { path: "bin/sh", type: "symlink", target: "busybox" },
  { path: "bin", type: "directory" },
  { path: "tmp", type: "directory", mode: 0o1777 },
  { path: "bin-old/ä", type: "file", bytes: Buffer.from("12345") },
];

describe("a newc archive", () => {
  it("holds what was put in, parents first, with the folders that were left out", () => {
    const read = readCpio(writeCpio(SAMPLE)).map(({ name, mode, rdev, content }) => [
      name,
      mode.toString(8),
      rdev,
      content.toString(),
    ]);
    expect(read).toEqual([
      ["bin", "40755", "0:0", ""],
      ["bin-old", "40755", "0:0", ""],
      ["bin-old/ä", "100644", "0:0", "12345"],
      ["bin/sh", "120777", "0:0", "busybox"],
      ["dev", "40755", "0:0", ""],
      ["dev/console", "20600", "5:1", ""],
      ["init", "100755", "0:0", "#!/bin/sh\n"],
      ["tmp", "41777", "0:0", ""],
    ]);
  });

  it("gives every entry an inode number of its own, so that none are taken for hard links", () => {
    const read = readCpio(writeCpio(SAMPLE));
    expect(new Set(read.map(({ ino }) => ino)).size).toBe(read.length);
    expect(read.filter(({ mode }) => (mode & 0o170000) === 0o100000).map(({ nlink }) => nlink)).toEqual([
      1, 1,
    ]);
  });

  it("is the same for the same entries in any order", () => {
    expect(writeCpio([...SAMPLE].reverse())).toEqual(writeCpio(SAMPLE));
    expect(writeCpio(SAMPLE).length % 512).toBe(0);
  });

  it.each([
    ["an absolute path", [{ path: "/etc/x" }]],
    ["a path upwards", [{ path: "a/../../x" }]],
    ["an empty path", [{ path: "" }]],
    ["a trailing slash", [{ path: "a/" }]],
    ["one path twice", [{ path: "a" }, { path: "a" }]],
    ["a file within a file", [{ path: "a" }, { path: "a/b" }]],
  ])("is not written with %s", (_, paths) => {
    const entries = paths.map(({ path }) => ({ path, type: "file" as const, bytes: Buffer.from("") }));
    expect(() => writeCpio(entries)).toThrow(expect.objectContaining({ code: "LF-DEBIAN-060" }));
  });
});
