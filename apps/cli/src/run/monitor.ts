/** The monitor of a machine that runs: a few of QEMU's commands. */
import { LockframeError } from "@lockframe/architecture";
import type { Machine } from "@lockframe/machine";
import type { DeviceEntry } from "@lockframe/profile";
import { table } from "../invocation.ts";

export interface MonitorOptions {
  /** Undefined: it is not there yet, or no more. */
  machine(): Pick<Machine, "devices" | "plug" | "unplug" | "requestShutdown"> | undefined;
  parseDevice(text: string): DeviceEntry;
  quit(): void;
}

const HELP = table([
  ["device_add TYPE[,id=ID][,devno=D][,PROPERTY=VALUE]...", "plug a device"],
  ["device_del ID", "take a device away"],
  ["info subchannels", "devices by their subchannels"],
  ["system_powerdown", "ask the guest to shut down"],
  ["quit", "end the machine at once"],
  ["help", "this list"],
]);

/** Do one command; resolves with what it has to say, mistakes included. */
export async function obeyMonitor(line: string, options: MonitorOptions): Promise<string> {
  const [, name = "", argument = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const machine = options.machine();
  if (machine === undefined) return "there is no machine";
  try {
    switch (name) {
      case "device_add":
        return `plugged as ${await machine.plug(options.parseDevice(argument))}`;
      case "device_del":
        await machine.unplug(argument);
        return "";
      case "info":
        return argument === "subchannels" ? subchannels(machine) : `unknown: info ${argument}`;
      case "system_powerdown":
        return machine.requestShutdown() ? "" : "the guest does not listen for that";
      case "quit":
      case "q":
        options.quit();
        return "";
      case "help":
        return HELP;
      default:
        return `unknown command: '${name}'; there is help`;
    }
  } catch (error) {
    if (!(error instanceof LockframeError)) throw error;
    return `Error: ${error.code}: ${error.message}`;
  }
}

function subchannels({ devices }: Pick<Machine, "devices">): string {
  return table([
    ["subchannel", "device", "type", "id"],
    ...devices.map(({ subchannel, deviceNumber, type, id }) => [subchannel, deviceNumber, type, id ?? "-"]),
  ]);
}
