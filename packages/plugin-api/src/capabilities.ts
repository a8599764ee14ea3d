import type { CharacterPort } from "./character-port.ts";
import type { Disks } from "./disk.ts";
import type { Folders } from "./folder.ts";
import type { Stop } from "./stop.ts";
import type { Networks } from "./network.ts";

/** Messages to the person who runs the machine. They never carry guest storage. */
export interface Log {
  /** Worth knowing when something is looked for. */
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

/** Character devices of the host by the name that a profile or `-chardev` gives them. */
export interface CharacterPorts {
  /** @throws LockframeError LF-CHARDEV-001 when there is none of that name, LF-CHARDEV-002 when it is taken */
  open(name: string): CharacterPort;
}

/** Consoles behind the service-call processor's event facility. One of each kind a machine. */
export interface ServiceCallConsoles {
  /** ASCII console: VT220 data events (type 26). */
  ascii(port: CharacterPort): void;
  /** Line-mode console: messages (type 2) and operator commands (type 1). */
  lineMode(port: CharacterPort): void;
}

/** What the machine as a whole does when one of its devices says so. */
export interface MachineControl {
  /** A reset from outside: start again as at power-on, or end the run if the machine is to end at a reboot. */
  reset(): void;
  /** Ask the guest to shut down, as by a power button. False: it does not listen. */
  requestShutdown(): boolean;
  /** End the run. */
  end(stop: Extract<Stop, { kind: "watchdog" }>): void;
  /** Let no CPU run any more; the run goes on until it is ended from outside. */
  pause(): void;
  /** Interrupt the first CPU by a restart interruption, which no PSW can mask. */
  restart(): void;
}

/** Time of the host. */
export interface Timers {
  /** Call back once, after so many milliseconds. Returns how to call it off. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Random bytes of the host, fit for keys. */
export interface Entropy {
  bytes(count: number): Uint8Array;
}

/**
 * What a device may ask for by name in `needs`. A machine gives a device those and nothing else. Plugins that bring a
 * new one declare it here by module augmentation and provide it in the `assemble` hook.
 */
export interface Capabilities {
  readonly log: Log;
  readonly characterPorts: CharacterPorts;
  readonly consoles: ServiceCallConsoles;
  readonly entropy: Entropy;
  readonly control: MachineControl;
  readonly timers: Timers;
  /** Given by the plugin `disk-images`. */
  readonly disks: Disks;
  /** Given by the plugin `host-folders`. */
  readonly folders: Folders;
  /** Given by the plugin `user-network`. */
  readonly networks: Networks;
}

export type CapabilityName = keyof Capabilities;
