import { LockframeError } from "@lockframe/architecture";
import type { CharacterPort, Stop } from "@lockframe/plugin-api";
import type { Invocation } from "../invocation.ts";
import type { CharacterDevice } from "../qemu/character-device.ts";
import { FilePort, NullPort } from "../terminal/file-port.ts";
import { StdioPort } from "../terminal/stdio-port.ts";

/** Opened character devices by name, and how to let them go. */
export interface OpenPorts {
  readonly ports: ReadonlyMap<string, CharacterPort>;
  /** Begin to read; a terminal goes into raw mode here. */
  start(): void;
  /** Let them go; a second time does nothing. */
  close(): void;
}

type Quit = Extract<Stop, { kind: "quit" }>["by"];

/** Open the host's side of consoles. Nothing is read before `start`. */
export function openPorts(
  devices: ReadonlyMap<string, CharacterDevice>,
  streams: Pick<Invocation, "stdin" | "stdout" | "stderr">,
  onQuit: (by: Quit) => void,
  monitor: (line: string) => Promise<string>,
): OpenPorts {
  const ports = new Map<string, CharacterPort>();
  const stdio: StdioPort[] = [];
  const files: FilePort[] = [];
  for (const [name, device] of devices) {
    switch (device.backend) {
      case "stdio": {
        if (stdio.length > 0)
          throw new LockframeError("LF-CHARDEV-004", "cannot use stdio by multiple character devices");
        const port = new StdioPort(streams, { escapes: device.escapes, onQuit, monitor });
        stdio.push(port);
        ports.set(name, port);
        break;
      }
      case "null":
        ports.set(name, new NullPort());
        break;
      case "file": {
        const port = new FilePort(device.path, device.append);
        files.push(port);
        ports.set(name, port);
        break;
      }
    }
  }
  return {
    ports,
    start: () => stdio.forEach((port) => port.open()),
    close() {
      for (const port of [...stdio.splice(0), ...files.splice(0)]) port.close();
    },
  };
}
