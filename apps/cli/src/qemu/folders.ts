/** `-fsdev local` and `-virtfs local`: the folder that `-device virtio-9p-ccw,fsdev=` names, or one with its device. */
import { unimplemented } from "@lockframe/architecture";
import { didYouMean, type DeviceEntry } from "@lockframe/profile";
import { parseBoolean, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

/** The `fsdev` of a device in a profile. */
export interface FolderOption {
  readonly path: string;
  readonly readOnly: boolean;
  readonly securityModel: "none" | "passthrough";
}

const keys = ["fsdriver", "id", "path", "security_model", "readonly", "writeout", "multidevs"];
const mappedModels = ["mapped", "mapped-xattr", "mapped-file"];

/** `-fsdev local,id=ID,path=PATH,security_model=none|passthrough[,readonly=on]` */
export function parseFsdev(text: string): { readonly id: string; readonly folder: FolderOption } {
  const entries = parseOptions("-fsdev", text, "fsdriver");
  const id = entries.get("id");
  if (id === undefined) throw new QemuError("LF-QEMU-003", `-fsdev ${text}: Parameter 'id' is missing`);
  return { id, folder: folderOf(`-fsdev ${text}`, entries, keys) };
}

/** `-virtfs local,path=PATH,mount_tag=TAG,security_model=none|passthrough[,id=ID][,readonly=on]` */
export function parseVirtfs(text: string): DeviceEntry {
  const entries = parseOptions("-virtfs", text, "fsdriver");
  const tag = entries.get("mount_tag");
  if (tag === undefined)
    throw new QemuError("LF-QEMU-003", `-virtfs ${text}: Usage: -virtfs fsdriver,mount_tag=tag.`);
  const fsdev = folderOf(`-virtfs ${text}`, entries, [...keys, "mount_tag"]);
  return { type: "virtio-9p-ccw", mount_tag: tag, fsdev };
}

function folderOf(
  context: string,
  entries: ReadonlyMap<string, string>,
  known: readonly string[],
): FolderOption {
  const driver = entries.get("fsdriver") ?? "";
  if (driver === "synth") unimplemented(`the file system driver synth (${context})`);
  if (driver !== "local")
    throw new QemuError("LF-QEMU-003", `${context}: fsdriver '${driver}' not found`, "There is: local.");
  for (const key of entries.keys()) {
    if (!known.includes(key))
      throw new QemuError("LF-QEMU-003", `${context}: Invalid parameter '${key}'${didYouMean(key, known)}`);
  }
  const path = entries.get("path");
  if (path === undefined || path === "")
    throw new QemuError("LF-QEMU-003", `${context}: fsdev: No path specified, path=... is missing`);
  const readOnly = entries.get("readonly");
  return {
    path,
    readOnly: readOnly !== undefined && parseBoolean(context, "readonly", readOnly),
    securityModel: securityModelOf(context, entries.get("security_model")),
  };
}

function securityModelOf(context: string, model: string | undefined): FolderOption["securityModel"] {
  if (model === "none" || model === "passthrough") return model;
  // Node reaches no extended attributes, and metadata files would be the guest's to forge.
  if (model !== undefined && mappedModels.includes(model))
    unimplemented(`security_model=${model} (${context}), unlike none and passthrough,`);
  throw new QemuError(
    "LF-QEMU-003",
    model === undefined
      ? `${context}: security model not specified, local fs needs security model`
      : `${context}: invalid security model: ${model}`,
    "There are: none, passthrough.",
  );
}
