import { unimplemented } from "@lockframe/architecture";
import { parseBoolean, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

/** Where a console's bytes go, before anything is opened. */
export type CharacterDevice =
  | { readonly backend: "stdio"; readonly escapes: boolean }
  | { readonly backend: "null" }
  | { readonly backend: "file"; readonly path: string; readonly append: boolean };

/** Backends that QEMU has and we lack. */
const laterBackends = [
  "socket",
  "udp",
  "pipe",
  "pty",
  "vc",
  "ringbuf",
  "serial",
  "parallel",
  "spicevmc",
  "dbus",
];

/** `-chardev BACKEND,id=ID,...` */
export function parseChardev(text: string): { readonly id: string; readonly device: CharacterDevice } {
  const option = "-chardev";
  const entries = parseOptions(option, text, "backend");
  const id = entries.get("id");
  if (id === undefined) throw new QemuError("LF-QEMU-003", `${option} ${text}: Parameter 'id' is missing`);
  const allowed = (...keys: readonly string[]): void => {
    for (const key of entries.keys()) {
      if (key !== "backend" && key !== "id" && !keys.includes(key)) {
        throw new QemuError("LF-QEMU-003", `${option} ${text}: Invalid parameter '${key}'`);
      }
    }
  };
  const flag = (key: string, otherwise: boolean): boolean => {
    const value = entries.get(key);
    return value === undefined ? otherwise : parseBoolean(option, key, value);
  };
  const backend = entries.get("backend") ?? "";
  switch (backend) {
    case "stdio":
      allowed("mux", "signal");
      return { id, device: { backend, escapes: flag("mux", false) } };
    case "null":
      allowed();
      return { id, device: { backend } };
    case "file": {
      allowed("path", "append");
      const path = entries.get("path");
      if (path === undefined)
        throw new QemuError("LF-QEMU-003", `${option} ${text}: chardev: file: no filename given`);
      return { id, device: { backend, path, append: flag("append", false) } };
    }
    default:
      if (laterBackends.includes(backend)) unimplemented(`the character device ${backend}`);
      throw new QemuError("LF-QEMU-011", `${option} ${text}: '${backend}' is not a valid char driver name`);
  }
}

/** `-serial ...`: a character device, one defined by `-chardev`, or none. */
export type Serial =
  | { readonly kind: "device"; readonly device: CharacterDevice }
  | { readonly kind: "reference"; readonly id: string }
  | { readonly kind: "none" };

export function parseSerial(text: string): Serial {
  if (text === "none") return { kind: "none" };
  if (text === "null") return { kind: "device", device: { backend: "null" } };
  if (text === "stdio") return { kind: "device", device: { backend: "stdio", escapes: false } };
  if (text === "mon:stdio") return { kind: "device", device: { backend: "stdio", escapes: true } };
  if (text.startsWith("chardev:")) return { kind: "reference", id: text.slice("chardev:".length) };
  if (text.startsWith("file:")) {
    return { kind: "device", device: { backend: "file", path: text.slice("file:".length), append: false } };
  }
  if (/^(?:mon:)?(?:tcp|udp|telnet|unix|pipe|pty|vc|websocket|con)(?::|$)/.test(text)) {
    unimplemented(`the character device -serial ${text}`);
  }
  throw new QemuError(
    "LF-QEMU-011",
    `-serial ${text}: could not connect serial device to character backend '${text}'`,
  );
}
