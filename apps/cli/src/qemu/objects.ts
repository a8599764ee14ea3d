import { statfsSync } from "node:fs";
import { unimplemented } from "@lockframe/architecture";
import { didYouMean } from "@lockframe/profile";
import { parseBoolean, parseMemorySize, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

/** What `-object` can make. */
export type QemuObject =
  | { readonly type: "s390-pv-guest" }
  /** Random bytes of the host. */
  | { readonly type: "rng" }
  | { readonly type: "memory-backend"; readonly size: number; readonly hugePages: boolean };

const objectTypes: Readonly<Record<string, readonly string[]>> = {
  "s390-pv-guest": [],
  "rng-builtin": [],
  "rng-random": ["filename"],
  "memory-backend-ram": ["size", "prealloc", "share", "merge", "dump"],
  "memory-backend-file": ["size", "prealloc", "share", "merge", "dump", "mem-path", "discard-data"],
  "memory-backend-memfd": ["size", "prealloc", "share", "merge", "dump", "hugetlb", "hugetlbsize", "seal"],
};
const laterTypes = ["secret", "iothread", "tls-creds-x509", "can-bus", "filter-dump"];
/** Where `rng-random` may read: what the host's own generator is. */
const randomDevices = ["/dev/urandom", "/dev/random"];

/** Names of objects that can be made. */
export const objectNames: readonly string[] = Object.keys(objectTypes);

/** `-object TYPE,id=ID[,property=value]...`, or the same as a JSON object. */
export function parseObject(text: string): { readonly id: string; readonly object: QemuObject } {
  const option = "-object";
  const entries = text.startsWith("{") ? parseJson(option, text) : parseOptions(option, text, "qom-type");
  const type = entries.get("qom-type") ?? "";
  const properties = objectTypes[type];
  if (properties === undefined) {
    if (laterTypes.includes(type)) unimplemented(`the object ${type}`);
    throw new QemuError(
      "LF-QEMU-008",
      `${option} ${text}: Parameter 'qom-type' does not accept value '${type}'${didYouMean(type, objectNames)}`,
    );
  }
  const id = entries.get("id");
  if (id === undefined) throw new QemuError("LF-QEMU-003", `${option} ${text}: Parameter 'id' is missing`);
  for (const key of entries.keys()) {
    if (key !== "qom-type" && key !== "id" && !properties.includes(key)) {
      throw new QemuError(
        "LF-QEMU-003",
        `${option} ${text}: Property '${type}.${key}' not found${didYouMean(key, properties)}`,
      );
    }
  }
  if (type === "s390-pv-guest") return { id, object: { type } };
  if (type.startsWith("rng-")) {
    const file = entries.get("filename") ?? "/dev/urandom";
    if (!randomDevices.includes(file)) unimplemented(`the object ${type} with filename=${file}`);
    return { id, object: { type: "rng" } };
  }
  return { id, object: memoryBackend(option, text, type, entries) };
}

function memoryBackend(
  option: string,
  text: string,
  type: string,
  entries: ReadonlyMap<string, string>,
): Extract<QemuObject, { type: "memory-backend" }> {
  const size = parseMemorySize(option, "size", entries.get("size") ?? "0", 1);
  if (size === 0)
    throw new QemuError(
      "LF-QEMU-004",
      `${option} ${text}: property 'size' of ${type} doesn't take value '0'`,
    );
  const path = entries.get("mem-path");
  if (type === "memory-backend-file" && path === undefined) {
    throw new QemuError("LF-QEMU-003", `${option} ${text}: mem-path property not set`);
  }
  const hugetlb = entries.get("hugetlb");
  const hugePages =
    (hugetlb !== undefined && parseBoolean(option, "hugetlb", hugetlb)) ||
    (path !== undefined && isOnHugePages(`${option} ${text}`, path));
  return { type: "memory-backend", size, hugePages };
}

/** Type of Linux's hugetlbfs in statfs. */
const HUGETLBFS = 0x958458f6;

/** Whether a path is in a huge-page file system. @throws QemuError LF-QEMU-015 when there is no such path */
export function isOnHugePages(context: string, path: string): boolean {
  if (/^\/dev\/hugepages(?:\/|$)/.test(path)) return true;
  try {
    return statfsSync(path).type === HUGETLBFS;
  } catch (error) {
    const reason =
      error instanceof Error && "code" in error && error.code === "ENOENT"
        ? "No such file or directory"
        : String(error);
    throw new QemuError(
      "LF-QEMU-015",
      `${context}: can't open backing store ${path} for guest RAM: ${reason}`,
    );
  }
}

/** The members of a JSON object as QEMU's JSON forms of `-object` and `-device` take them. */
export function parseJson(option: string, text: string): ReadonlyMap<string, string> {
  const data = readJson(option, text);
  if (typeof data !== "object" || data === null)
    throw new QemuError("LF-QEMU-003", `${option} ${text}: not an object`);
  return new Map(
    Object.entries(data).map(([key, value]): [string, string] => [
      key,
      typeof value === "boolean" ? (value ? "on" : "off") : String(value),
    ]),
  );
}

/** @throws QemuError LF-QEMU-003 it is no JSON */
export function readJson(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new QemuError("LF-QEMU-003", `${option} ${text}: JSON parse error: ${reason}`);
  }
}
