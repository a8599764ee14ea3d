/** `-device virtconsole` and `-device virtserialport`: ports of the virtio-serial device in front of them. */
import type { DeviceEntry } from "@lockframe/profile";
import { parseJson } from "./objects.ts";
import { parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

const kinds: Readonly<Record<string, boolean>> = { virtconsole: true, virtserialport: false };
const keys = ["driver", "id", "bus", "nr", "chardev", "name"];
const BUS = "virtio-serial-ccw";

export interface SerialPortOption {
  readonly text: string;
  readonly console: boolean;
  readonly chardev: string;
  readonly name: string;
  /** `id.0` of the device that it belongs to; undefined: the one before it. */
  readonly bus: string | undefined;
}

/** A port; undefined: the option is about something else. */
export function parseSerialPort(text: string): SerialPortOption | undefined {
  const option = "-device";
  const entries = text.startsWith("{") ? parseJson(option, text) : parseOptions(option, text, "driver");
  const driver = entries.get("driver") ?? "";
  const console = kinds[driver];
  if (console === undefined) return undefined;
  for (const key of entries.keys()) {
    if (!keys.includes(key))
      throw new QemuError("LF-QEMU-012", `${option} ${text}: Property '${driver}.${key}' not found`);
  }
  const chardev = entries.get("chardev");
  if (chardev === undefined)
    throw new QemuError(
      "LF-QEMU-011",
      `${option} ${text}: Can't create chardev: parameter 'chardev' is missing`,
    );
  return { text, console, chardev, name: entries.get("name") ?? "", bus: entries.get("bus") };
}

/** Put a port onto its bus. */
export function addSerialPort(port: SerialPortOption, devices: readonly DeviceEntry[]): void {
  const buses = devices.filter(({ type }) => type === BUS);
  const bus = port.bus === undefined ? buses.at(-1) : buses.find(({ id }) => `${id}.0` === port.bus);
  if (bus === undefined) {
    throw new QemuError(
      "LF-QEMU-012",
      port.bus === undefined
        ? `-device ${port.text}: No 'virtio-serial-bus' bus found`
        : `-device ${port.text}: Bus '${port.bus}' not found`,
      `Put \`-device ${BUS}\` in front of it.`,
    );
  }
  const ports: unknown = bus["ports"];
  const { chardev, console, name } = port;
  bus["ports"] = [...(Array.isArray(ports) ? (ports as unknown[]) : []), { chardev, console, name }];
}
