/** `-drive` and `-blockdev`: what is behind disks, by the names that `-device ...,drive=` uses. */
import { closeSync, openSync, readSync } from "node:fs";
import { unimplemented } from "@lockframe/architecture";
import { didYouMean } from "@lockframe/profile";
import { readJson } from "./objects.ts";
import { parseBoolean, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

/** The `drive` of a device in a profile. */
export interface DriveSource {
  readonly file: string;
  readonly format: string;
  readonly readOnly: boolean;
  readonly cache: "writeback" | "writethrough" | "unsafe";
  readonly snapshot: boolean;
  readonly discard: boolean;
  /** The format was not given: it was read off the image. */
  readonly guessed: boolean;
}

export interface Drive {
  readonly id: string | undefined;
  readonly source: DriveSource;
  /** The drive brings its device with it (`if=virtio`). */
  readonly ownDevice: boolean;
}

const DRIVE = "-drive";
const driveKeys = [
  "file",
  "if",
  "id",
  "format",
  "readonly",
  "read-only",
  "cache",
  "snapshot",
  "discard",
  "media",
  "index",
  "aio",
  "detect-zeroes",
  "werror",
  "rerror",
  "driver",
];
const caches: Readonly<Record<string, DriveSource["cache"]>> = {
  none: "writeback",
  writeback: "writeback",
  writethrough: "writethrough",
  directsync: "writethrough",
  unsafe: "unsafe",
};
/** Whether the medium of a drive cannot be written. */
const media: Readonly<Record<string, boolean>> = { disk: false, cdrom: true };
const discards: Readonly<Record<string, boolean>> = { unmap: true, on: true, ignore: false, off: false };
/** What follows an error of the host: the guest is told. */
const errorActions: Readonly<Record<string, true>> = { report: true, enospc: true, auto: true };
const laterErrorActions = ["stop", "ignore"];

/** `-drive file=...,if=none,id=...,format=...` */
export function parseDrive(text: string, snapshots: boolean): Drive {
  const entries = parseOptions(DRIVE, text, undefined);
  for (const key of entries.keys()) {
    if (!driveKeys.includes(key))
      throw new QemuError(
        "LF-QEMU-003",
        `${DRIVE} ${text}: Invalid parameter '${key}'${didYouMean(key, driveKeys)}`,
      );
  }
  const flag = (key: string): boolean => {
    const value = entries.get(key);
    return value !== undefined && parseBoolean(DRIVE, key, value);
  };
  const choice = <Value>(key: string, values: Readonly<Record<string, Value>>, otherwise: Value): Value => {
    const given = entries.get(key);
    if (given === undefined) return otherwise;
    const value = values[given];
    if (value === undefined) throw new QemuError("LF-QEMU-003", `${DRIVE} ${text}: invalid ${key} option`);
    return value;
  };
  const file = entries.get("file");
  if (file === undefined || file === "") unimplemented(`a drive without a medium (${DRIVE} ${text})`);
  const optical = choice("media", media, false);
  for (const key of ["werror", "rerror"]) {
    const action = entries.get(key) ?? "";
    if (laterErrorActions.includes(action)) unimplemented(`${key}=${action} of a drive (${DRIVE} ${text})`);
    choice(key, errorActions, true);
  }
  const kind = entries.get("if") ?? "virtio";
  if (kind !== "none" && kind !== "virtio")
    throw new QemuError("LF-QEMU-003", `${DRIVE} ${text}: unsupported bus type '${kind}'`);
  const format = entries.get("format") ?? entries.get("driver");
  return {
    id: entries.get("id"),
    ownDevice: kind === "virtio",
    source: {
      file,
      format: format ?? formatOf(file),
      guessed: format === undefined,
      readOnly: optical || flag("readonly") || flag("read-only"),
      cache: choice("cache", caches, "writeback"),
      discard: choice("discard", discards, false),
      snapshot: entries.has("snapshot") ? flag("snapshot") : snapshots,
    },
  };
}

/** `-hda FILE`, `-cdrom FILE`: a drive with a device of its own. */
export function parseMedium(file: string, snapshots: boolean, optical: boolean): Drive {
  return parseDrive(`file=${file.replaceAll(",", ",,")}${optical ? ",media=cdrom" : ""}`, snapshots);
}

/** The format that an image has by its first bytes. An image that is not there is said to be raw, and refused later. */
export function formatOf(file: string): string {
  const magic = Buffer.alloc(4);
  try {
    const descriptor = openSync(file, "r");
    try {
      readSync(descriptor, magic, 0, 4, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return "raw"; // whoever opens it says why it cannot be read
  }
  return magic.toString("latin1") === "QFI\u00fb" ? "qcow2" : "raw";
}

const BLOCKDEV = "-blockdev";
const nodeKeys = [
  "driver",
  "node-name",
  "read-only",
  "auto-read-only",
  "discard",
  "detect-zeroes",
  "cache.direct",
  "cache.no-flush",
  "force-share",
];
const fileKeys = [...nodeKeys, "filename", "aio", "locking"];
const fileDrivers = ["file", "host_device"];
const formatDrivers = ["raw", "qcow2"];

/** Nodes of `-blockdev`, by name, options flat (`file.filename`). */
export class BlockNodes {
  readonly #nodes = new Map<string, ReadonlyMap<string, string>>();

  add(text: string): void {
    const entries = text.startsWith("{")
      ? parseNested(BLOCKDEV, text)
      : parseOptions(BLOCKDEV, text, "driver");
    const name = entries.get("node-name");
    const refuse = (what: string): never => {
      throw new QemuError("LF-QEMU-003", `${BLOCKDEV} ${text}: ${what}`);
    };
    if (name === undefined) return refuse("'node-name' must be specified for the root node");
    if (this.#nodes.has(name)) refuse(`Duplicate nodes with node-name='${name}'`);
    checkNode(`${BLOCKDEV} ${text}`, entries);
    this.#nodes.set(name, entries);
  }

  names(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** What a node leads to; undefined: there is none of that name. */
  source(name: string): DriveSource | undefined {
    const node = this.#nodes.get(name);
    if (node === undefined) return undefined;
    const driver = node.get("driver") ?? "";
    const isFile = fileDrivers.includes(driver);
    const below = isFile ? node : this.#fileOf(node, name);
    // What holds for the file holds for the image in it.
    const flag = (key: string): boolean =>
      [node, below].some((each) => parseBoolean(BLOCKDEV, key, each.get(key) ?? "off"));
    const file = below.get("filename");
    if (file === undefined)
      throw new QemuError("LF-QEMU-003", `-blockdev node '${name}': Parameter 'filename' is missing`);
    return {
      file,
      format: isFile ? "raw" : driver,
      guessed: false,
      readOnly: flag("read-only"),
      cache: flag("cache.no-flush") ? "unsafe" : "writeback",
      discard: discards[node.get("discard") ?? "ignore"] ?? false,
      snapshot: false,
    };
  }

  /** The node that a format's `file` names, or the one that stands in it. */
  #fileOf(node: ReadonlyMap<string, string>, name: string): ReadonlyMap<string, string> {
    const reference = node.get("file");
    const inside = new Map(
      [...node]
        .filter(([key]) => key.startsWith("file."))
        .map(([key, value]): [string, string] => [key.slice("file.".length), value]),
    );
    const found = reference === undefined ? inside : this.#nodes.get(reference);
    if (found === undefined)
      throw new QemuError(
        "LF-QEMU-003",
        `-blockdev node '${name}': Cannot find device='' nor node-name='${reference}'`,
      );
    const driver = found.get("driver") ?? "file";
    if (!fileDrivers.includes(driver)) unimplemented(`the block driver '${driver}' under another`);
    return found;
  }
}

/** Nothing that is said of a node may go unheard: it could be about what is written where. */
function checkNode(context: string, node: ReadonlyMap<string, string>): void {
  const driver = node.get("driver");
  if (driver === undefined) throw new QemuError("LF-QEMU-003", `${context}: Parameter 'driver' is missing`);
  if (![...fileDrivers, ...formatDrivers].includes(driver))
    unimplemented(`the block driver '${driver}' (${context})`);
  const known = fileDrivers.includes(driver)
    ? fileKeys
    : [...nodeKeys, "file", ...fileKeys.map((key) => `file.${key}`)];
  for (const [key, value] of node) {
    if (key === "backing" || key.startsWith("backing.")) unimplemented(`backing= of a node (${context})`); // the image names what it rests on
    if (!known.includes(key))
      throw new QemuError("LF-QEMU-003", `${context}: Invalid parameter '${key}'${didYouMean(key, known)}`);
    if (/^(?:file\.)?discard$/.test(key) && discards[value] === undefined)
      throw new QemuError("LF-QEMU-003", `${context}: Parameter '${key}' does not accept value '${value}'`);
  }
}

/** A JSON object, its members' members by names with dots. */
function parseNested(option: string, text: string): ReadonlyMap<string, string> {
  const data = readJson(option, text);
  const flat = new Map<string, string>();
  const visit = (value: unknown, prefix: string): void => {
    if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) visit(each, prefix === "" ? key : `${prefix}.${key}`);
    } else flat.set(prefix, typeof value === "boolean" ? (value ? "on" : "off") : String(value));
  };
  visit(data, "");
  return flat;
}
