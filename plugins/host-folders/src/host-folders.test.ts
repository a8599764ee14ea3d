import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderSource } from "@lockframe/plugin-api";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HostEntry } from "./host-entry.ts";
import { HostFolders } from "./host-folders.ts";

let scratch: string;
let root: HostEntry;
const inside = (...names: readonly string[]): string => join(scratch, "shared", ...names);
const outside = (...names: readonly string[]): string => join(scratch, "outside", ...names);
const open = (source: object = {}): HostEntry =>
  new HostFolders().open(folderSource.parse({ path: inside(), ...source }));

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lockframe-folder-"));
  mkdirSync(inside());
  mkdirSync(outside());
  writeFileSync(outside("secret"), "secret");
  root = open();
});
afterEach(() => {
  root.close();
  rmSync(scratch, { recursive: true, force: true });
});

const attributes = { mode: 0o640, owner: process.getuid?.() ?? 0, group: process.getgid?.() ?? 0 };
const readWrite = { read: true, write: true, truncate: false, exclusive: true };
const onlyRead = { read: true, write: false, truncate: false };
const code = (expected: string) => expect.objectContaining({ code: expected });

test("files are made, written, read, listed, renamed and removed", () => {
  const { entry, file } = root.create("a", attributes, readWrite);
  file.write(3, Buffer.from("bytes"));
  expect(Buffer.from(file.read(0, 100)).toString()).toBe("\0\0\0bytes");
  file.close();
  expect(entry.status()).toMatchObject({ size: 8n, mode: 0o100640, links: 1n });
  const folder = root.makeFolder("d", { ...attributes, mode: 0o750 });
  expect(statSync(inside("d")).mode & 0o777).toBe(0o750);
  root.rename("a", folder, "b");
  expect(folder.names().map(({ name, inode }) => [name, inode])).toEqual([["b", entry.status().inode]]);
  entry.moveTo(root, "c");
  root.addName("c2", entry);
  expect(entry.status().links).toBe(2n);
  entry.change({ mode: 0o600, size: 5, modified: 12, accessed: 13 });
  expect(statSync(inside("c2"))).toMatchObject({ size: 5, mtimeMs: 12_000, atimeMs: 13_000 });
  expect(() => root.remove("d", "other")).toThrow();
  root.remove("d", "folder");
  root.remove("c2", "other");
  entry.removeSelf();
  expect(readdirSync(inside())).toEqual([]);
  expect(() => entry.removeSelf()).toThrow(code("ENOENT"));
  for (const each of [entry, folder]) each.close();
});

test("a file that is there is taken unless that is forbidden", () => {
  writeFileSync(inside("a"), "there");
  expect(() => root.create("a", attributes, readWrite)).toThrow(code("EEXIST"));
  const { entry, file } = root.create("a", attributes, { ...readWrite, exclusive: false, truncate: true });
  expect(entry.status().size).toBe(0n);
  file.close();
  entry.close();
});

test("names that lead elsewhere are none", () => {
  for (const name of ["", ".", "..", "../outside/secret", "a/b", "/etc/passwd", "a\0b"]) {
    expect(() => root.child(name), name).toThrow(code("EINVAL"));
    expect(() => root.makeFolder(name, attributes), name).toThrow(code("EINVAL"));
    expect(() => root.create(name, attributes, readWrite), name).toThrow(code("EINVAL"));
    expect(() => root.remove(name, "other"), name).toThrow(code("EINVAL"));
    expect(() => root.rename("x", root, name), name).toThrow(code("EINVAL"));
  }
  expect(() => root.child("n".repeat(256))).toThrow(code("ENAMETOOLONG"));
  expect(root.parent).toBe(root);
});

test("links lead nowhere, whatever is done with them", () => {
  symlinkSync(outside("secret"), inside("file"));
  symlinkSync("../outside", inside("folder"));
  const before = statSync(outside("secret"));
  const file = root.child("file");
  const folder = root.child("folder");
  expect([file.kind, folder.kind]).toEqual(["link", "link"]);
  expect(() => file.open(onlyRead)).toThrow(code("EACCES"));
  expect(() => folder.child("secret")).toThrow(code("ENOTDIR"));
  expect(() => folder.names()).toThrow(code("ENOTDIR"));
  expect(() => folder.makeFolder("x", attributes)).toThrow(code("ENOTDIR"));
  expect(() => folder.create("x", attributes, readWrite)).toThrow(code("ENOTDIR"));
  expect(() => folder.remove("secret", "other")).toThrow(code("ENOTDIR"));
  expect(() => root.rename("file", folder, "x")).toThrow(code("ENOTDIR"));
  expect(() => file.change({ size: 0 })).toThrow(code("EINVAL"));
  expect(() => file.change({ mode: 0o777 })).toThrow();
  file.change({ modified: 1 });
  for (const exclusive of [true, false])
    expect(() => root.create("file", attributes, { ...readWrite, truncate: true, exclusive })).toThrow();
  root.addName("again", file);
  expect(root.child("again").linkTarget()).toBe(outside("secret"));
  expect(folder.linkTarget()).toBe("../outside");
  expect(statSync(outside("secret"))).toMatchObject({ mode: before.mode, mtimeMs: before.mtimeMs, nlink: 1 });
  expect(readFileSync(outside("secret"), "utf8")).toBe("secret");
  expect(readdirSync(outside())).toEqual(["secret"]);
});

test("whoever swaps folders for links meanwhile does not lead it out", () => {
  mkdirSync(inside("d"));
  writeFileSync(inside("d", "secret"), "harmless");
  const folder = root.child("d");
  const file = folder.child("secret");
  renameSync(inside("d"), inside("moved"));
  symlinkSync(outside(), inside("d"));
  expect(Buffer.from(file.open(onlyRead).read(0, 99)).toString()).toBe("harmless");
  const { file: made } = folder.create("new", attributes, readWrite);
  made.close();
  expect(readdirSync(inside("moved")).toSorted()).toEqual(["new", "secret"]);
  expect(readdirSync(outside())).toEqual(["secret"]);
  expect(() => root.child("d").child("secret")).toThrow(code("ENOTDIR"));
  // The same for a file whose name now means another.
  renameSync(inside("moved", "secret"), inside("old"));
  symlinkSync(outside("secret"), inside("moved", "secret"));
  expect(() => file.removeSelf()).toThrow(code("ENOENT"));
  expect(() => root.addName("stolen", file)).toThrow(code("ENOENT"));
  file.change({ size: 0 });
  expect(readFileSync(outside("secret"), "utf8")).toBe("secret");
});

test("swapping while it looks, thousands of times, never shows what is outside", async () => {
  mkdirSync(inside("a"));
  mkdirSync(inside("b"));
  writeFileSync(inside("a", "secret"), "harmless");
  const swap = "while :; do mv a b/x; ln -s ../outside a; rm -f a; mv b/x a; done 2>/dev/null";
  const swapper = spawn("sh", ["-c", swap], { cwd: inside(), stdio: "ignore" });
  const seen = new Set<string>();
  for (let round = 0; round < 2000; round++) {
    const held: { close(): void }[] = [];
    try {
      const folder = root.child("a");
      held.push(folder);
      const entry = folder.child("secret");
      held.push(entry);
      const file = entry.open(onlyRead);
      held.push(file);
      seen.add(Buffer.from(file.read(0, 99)).toString());
    } catch {
      continue; // it was not there, or was a link
    } finally {
      for (const each of held) each.close();
    }
  }
  swapper.kill();
  await once(swapper, "exit");
  expect([...seen]).toEqual(["harmless"]);
});

test("pipes and devices of the host are not opened", () => {
  execFileSync("mkfifo", [inside("pipe")]);
  const pipe = root.child("pipe");
  expect(pipe.kind).toBe("other");
  expect(() => pipe.open(onlyRead)).toThrow(code("EACCES"));
  expect(() => root.create("pipe", attributes, { ...readWrite, exclusive: false })).toThrow(code("EACCES"));
});

test("a read-only share is that", () => {
  writeFileSync(inside("f"), "as it is");
  const shared = open({ readOnly: true });
  const file = shared.child("f");
  const attempts: readonly (() => unknown)[] = [
    () => file.open({ ...onlyRead, write: true }),
    () => file.open({ ...onlyRead, truncate: true }),
    () => file.change({ mode: 0o777 }),
    () => file.removeSelf(),
    () => shared.create("n", attributes, readWrite),
    () => shared.makeFolder("n", attributes),
    () => shared.makeLink("n", "f", attributes),
    () => shared.addName("n", file),
    () => shared.rename("f", shared, "g"),
    () => shared.remove("f", "other"),
  ];
  for (const attempt of attempts) expect(attempt).toThrow(code("EROFS"));
  expect(Buffer.from(file.open(onlyRead).read(0, 99)).toString()).toBe("as it is");
});

test("a guest makes no program of the host that runs as another user", () => {
  root.create("f", { ...attributes, mode: 0o6755 }, readWrite).file.close();
  expect(statSync(inside("f")).mode & 0o7777).toBe(0o755);
  root.child("f").change({ mode: 0o4755 });
  expect(statSync(inside("f")).mode & 0o7777).toBe(0o755);
});

test("a rename concerns everyone who holds what it renames", () => {
  const folder = root.makeFolder("d", attributes);
  root.makeLink("l", "target", attributes).close();
  const [one, other] = [root.child("l"), root.child("l")];
  one.moveTo(folder, "m");
  expect(other.linkTarget()).toBe("target");
  expect(other.parent.status().inode).toBe(folder.status().inode);
  other.removeSelf();
  expect(existsSync(inside("d", "m"))).toBe(false);
});

test("descriptors are given back", () => {
  const count = (): number => readdirSync("/proc/self/fd").length;
  writeFileSync(inside("f"), "");
  const before = count();
  for (let round = 0; round < 50; round++) {
    const folder = root.makeFolder(`d${round}`, attributes);
    const { entry, file } = folder.create("f", attributes, readWrite);
    folder.close(); // what is in it still needs it
    expect(entry.parent.names().length).toBe(1);
    file.close();
    entry.close();
    expect(() => root.child("none")).toThrow(code("ENOENT"));
  }
  expect(count()).toBe(before);
});

test("only folders can be shared", () => {
  writeFileSync(inside("f"), "");
  for (const path of [inside("f"), inside("none")])
    expect(() => open({ path })).toThrow(code("LF-FOLDER-001"));
  unlinkSync(inside("f"));
});
