import { didYouMean } from "@lockframe/profile";
import { checkLoadParameter } from "./boot-option.ts";
import { parseBoolean, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

export interface MachineChoice {
  readonly confidentialGuest: string | undefined;
  readonly memoryBackend: string | undefined;
  readonly loadParameter: string | undefined;
  /** `mem-merge`; undefined when not given. */
  readonly mergeable: boolean | undefined;
  readonly note: string | undefined;
}

const TYPE = "s390-ccw-virtio";
/** The unversioned type and any version of it. */
const TYPE_PATTERN = /^s390-ccw-virtio(?:-[0-9]+\.[0-9]+)?$/;

/** Properties that say on or off and make no difference here. */
const harmless = [
  "aes-key-wrap",
  "dea-key-wrap",
  "dump-guest-core",
  "graphics",
  "usb",
  "suppress-vmdesc",
  "acpi",
];
const meaningful = ["type", "accel", "confidential-guest-support", "loadparm", "memory-backend", "mem-merge"];

/** `-machine [type=]s390-ccw-virtio[-X.Y][,property=value]...`, all of them together; later values win. */
export function parseMachine(texts: readonly string[]): MachineChoice {
  const entries = new Map<string, string>();
  for (const text of texts) for (const [key, value] of check(text)) entries.set(key, value);
  const merge = entries.get("mem-merge");
  const accelerators = entries.get("accel");
  return {
    confidentialGuest: entries.get("confidential-guest-support"),
    memoryBackend: entries.get("memory-backend"),
    loadParameter: checkLoadParameter("-machine", entries.get("loadparm")),
    mergeable: merge === undefined ? undefined : parseBoolean("-machine", "mem-merge", merge),
    note: acceleratorNote(`-machine accel=${accelerators}`, accelerators),
  };
}

function check(text: string): ReadonlyMap<string, string> {
  const option = "-machine";
  const entries = parseOptions(option, text, "type");
  const type = entries.get("type");
  if (type !== undefined && !TYPE_PATTERN.test(type)) {
    throw new QemuError(
      "LF-QEMU-006",
      `${option} ${text}: unsupported machine type: "${type}"${didYouMean(type, [TYPE])}`,
      "Use -machine help to list supported machines",
    );
  }
  for (const [key, value] of entries) {
    if (harmless.includes(key)) parseBoolean(option, key, value);
    else if (!meaningful.includes(key)) {
      throw new QemuError(
        "LF-QEMU-007",
        `${option} ${text}: Property '${TYPE}-machine.${key}' not found${didYouMean(key, [...meaningful, ...harmless])}`,
      );
    }
  }
  return entries;
}

/** Check accelerators; `kvm` is accepted from people's existing command lines. */
export function acceleratorNote(context: string, accelerators: string | undefined): string | undefined {
  if (accelerators === undefined) return undefined;
  for (const accelerator of accelerators.split(":")) {
    if (!["tcg", "kvm"].includes(accelerator)) {
      throw new QemuError("LF-QEMU-006", `${context}: invalid accelerator ${accelerator}`);
    }
  }
  return accelerators.split(":")[0] === "kvm"
    ? "there is no KVM here: the emulator's own engine runs the guest"
    : undefined;
}
