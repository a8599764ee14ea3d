import type { DebianArchive, Place } from "./archive.ts";
import type { FileSystemEntry } from "./cpio.ts";
import type { DebEntry } from "./deb.ts";
import { decompressWhole } from "./decompress.ts";
import { failure } from "./errors.ts";
import { resolveLatestKernel } from "./parts.ts";

const MODULE = /^(?:usr\/)?lib\/modules\/([^/]+)\/(kernel\/.+\/([^/]+)\.ko)(?:\.(xz|zst|gz))?$/;

interface Module {
  readonly release: string;
  /** Below the folder of the release, without the ending of its compression. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly info: ReadonlyMap<string, readonly string[]>;
}

/**
 * Modules of a suite's current kernel and all that they depend on, decompressed, with the lists that `modprobe` reads.
 * Ready to be `extraFiles` of an initramfs; names that are built into the kernel must be left out.
 *
 * @param names - as `modprobe` takes them, for instance `virtio_blk`
 * @throws LockframeError LF-DEBIAN-034 when the kernel has no such module
 */
export async function fetchKernelModules(
  archive: DebianArchive,
  names: readonly string[],
  place: Place = {},
): Promise<readonly FileSystemEntry[]> {
  const kernel = await resolveLatestKernel(archive, place);
  const { deb } = await archive.fetchPackage(kernel.name, place);
  const packed = new Map<string, DebEntry>();
  for (const entry of await deb.entries((path) => MODULE.test(path))) {
    if (entry.type === "file") packed.set(plain(MODULE.exec(entry.path)?.[3] ?? ""), entry);
  }
  const modules = new Map<string, Module>();
  const pending = names.map(plain);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (modules.has(name)) continue;
    const entry = packed.get(name);
    if (entry === undefined) throw failure.noModule(name, kernel.name);
    const module = await unpack(entry);
    modules.set(name, module);
    pending.push(...dependencies(module));
  }
  return toFiles(modules);
}

async function unpack({ path, bytes = new Uint8Array() }: DebEntry): Promise<Module> {
  const [, release = "", inner = "", , ending = "none"] = MODULE.exec(path) ?? [];
  const module = await decompressWhole(bytes, compressionOf(ending));
  return { release, path: inner, bytes: module, info: moduleInformation(module) };
}

/** Hyphen and underscore are the same in a module's name. */
function plain(name: string): string {
  return name.replaceAll("-", "_");
}

function compressionOf(ending: string): "xz" | "zst" | "gz" | "none" {
  return ending === "xz" || ending === "zst" || ending === "gz" ? ending : "none";
}

function dependencies({ info }: Module): string[] {
  return (info.get("depends") ?? [])
    .flatMap((list) => list.split(","))
    .filter((name) => name !== "")
    .map(plain);
}

function toFiles(modules: ReadonlyMap<string, Module>): FileSystemEntry[] {
  const [first] = modules.values();
  if (first === undefined) return [];
  const directory = `usr/lib/modules/${first.release}`;
  const pathOf = (name: string): string => modules.get(name)?.path ?? "";
  const dependencyLines: string[] = [];
  const aliasLines: string[] = [];
  for (const [name, module] of modules) {
    dependencyLines.push(`${module.path}: ${closure(name, modules).map(pathOf).join(" ")}`.trimEnd());
    for (const alias of module.info.get("alias") ?? []) aliasLines.push(`alias ${alias} ${name}`);
  }
  const text = (lines: readonly string[]): Uint8Array =>
    Buffer.from(lines.map((line) => `${line}\n`).join(""));
  return [
    { path: `${directory}/modules.dep`, type: "file", mode: 0o644, bytes: text(dependencyLines) },
    { path: `${directory}/modules.alias`, type: "file", mode: 0o644, bytes: text(aliasLines) },
    ...[...modules.values()].map(({ path, bytes }) => ({
      path: `${directory}/${path}`,
      type: "file" as const,
      mode: 0o644,
      bytes,
    })),
  ];
}

/** All that a module depends on, nearest first, as `modules.dep` lists it. */
function closure(name: string, modules: ReadonlyMap<string, Module>): string[] {
  const found = new Set<string>();
  const visit = (of: string): void => {
    const module = modules.get(of);
    for (const each of module === undefined ? [] : dependencies(module)) {
      if (found.has(each)) found.delete(each); // what others depend on is loaded before them
      found.add(each);
      visit(each);
    }
  };
  visit(name);
  return [...found];
}

/** The `key=value` pairs in a module's section `.modinfo`. Source: ELF-64 object file format. */
export function moduleInformation(elf: Uint8Array): ReadonlyMap<string, readonly string[]> {
  const section = sectionNamed(elf, ".modinfo");
  const values = new Map<string, string[]>();
  for (const pair of Buffer.from(section).toString("latin1").split("\0")) {
    const equals = pair.indexOf("=");
    if (equals <= 0) continue;
    const key = pair.slice(0, equals);
    values.set(key, [...(values.get(key) ?? []), pair.slice(equals + 1)]);
  }
  return values;
}

/** Contents of a section of a big-endian ELF-64 file; empty when there is none. */
function sectionNamed(elf: Uint8Array, wanted: string): Uint8Array {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (elf.length < 64 || view.getUint32(0) !== 0x7f454c46) return new Uint8Array();
  const [table, count, names] = [Number(view.getBigUint64(0x28)), view.getUint16(0x3c), view.getUint16(0x3e)];
  if (table + 64 * count > elf.length) return new Uint8Array();
  const contents = (index: number): Uint8Array => {
    const at = table + 64 * index + 0x18;
    const offset = Number(view.getBigUint64(at));
    return elf.subarray(offset, offset + Number(view.getBigUint64(at + 8)));
  };
  const strings = Buffer.from(contents(names)).toString("latin1");
  for (let index = 0; index < count; index++) {
    const name = view.getUint32(table + 64 * index);
    if (strings.slice(name, strings.indexOf("\0", name)) === wanted) return contents(index);
  }
  return new Uint8Array();
}
