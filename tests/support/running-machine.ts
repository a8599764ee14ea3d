/** A machine inside the test, for what the command does not show: storage, figures, the moment of a transition. */
import type { KeyObject } from "node:crypto";
import { createMachine, type Machine, type MachineEvents } from "@lockframe/machine";
import type { CharacterPort, DeviceBoot, Stop, Timers } from "@lockframe/plugin-api";
import type { ProfileLayer } from "@lockframe/profile";
import { planMachineOf } from "lockframe/testing";
import { TestConsole } from "./test-console.ts";

export interface RunningMachineOptions {
  /** Absent: the machine boots from a device. */
  readonly kernel?: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly commandLine?: string;
  /** How it boots from a device. */
  readonly boot?: DeviceBoot;
  readonly hostKeys?: readonly KeyObject[];
  /** `base`, or `pvm` when there are host keys. */
  readonly profile?: string;
  readonly changes?: Partial<ProfileLayer>;
  /** Character devices besides `stdio`, by name. */
  readonly characterPorts?: ReadonlyMap<string, CharacterPort>;
  readonly events?: MachineEvents;
  /** Time for devices; absent: the host's. */
  readonly timers?: Timers;
}

export interface RunningMachine extends AsyncDisposable {
  readonly machine: Machine;
  readonly console: TestConsole;
  /** Messages to the person who runs the machine. */
  readonly messages: readonly string[];
  readonly stopped: Promise<Stop>;
  type(text: string): void;
  /** As the console's, but a machine that stops ends the wait. @throws when it has stopped */
  until(pattern: RegExp): Promise<string>;
}

/** Assemble a machine and let it run. */
export async function startMachine(options: RunningMachineOptions): Promise<RunningMachine> {
  const { kernel, initrd, commandLine, boot, hostKeys = [], changes, events, timers } = options;
  const profile = options.profile ?? (hostKeys.length > 0 ? "pvm" : "base");
  const console = new TestConsole();
  const messages: string[] = [];
  const keep = (message: string): void => void messages.push(message);
  const machine = await createMachine({
    planned: await planMachineOf(profile, changes),
    source: { kernel, initrd, commandLine, boot },
    hostKeys,
    characterPorts: new Map<string, CharacterPort>([["stdio", console], ...(options.characterPorts ?? [])]),
    log: { debug: keep, info: keep, warn: keep },
    ...(events !== undefined && { events }),
    ...(timers !== undefined && { timers }),
  });
  const stopped = machine.run();
  return {
    machine,
    console,
    messages,
    stopped,
    type: (text) => console.type(text),
    until: (pattern) =>
      Promise.race([
        console.until(pattern),
        stopped.then((stop) => {
          throw new Error(`stopped (${stop.kind}) without ${pattern}; on the console:\n${console.text}`);
        }),
      ]),
    async [Symbol.asyncDispose]() {
      machine.quit({ kind: "quit", by: "user" });
      await stopped;
      await machine.dispose();
    },
  };
}
