/** Runs one machine on this process's terminal, from the plan to the exit status. */
import type { KeyObject } from "node:crypto";
import type { Machine, MachineEvents, PlannedMachine } from "@lockframe/machine";
import type { IplSource, Log, Stop } from "@lockframe/plugin-api";
import type { DeviceEntry, Profile } from "@lockframe/profile";
import { type ExitName, exitOf } from "../exit-status.ts";
import type { Invocation } from "../invocation.ts";
import type { CharacterDevice } from "../qemu/character-device.ts";
import { deviceParser } from "../qemu/translate.ts";
import { note, warn } from "../report.ts";
import { printBanner } from "./banner.ts";
import { openPorts } from "./character-ports.ts";
import { readIplFiles } from "./ipl-files.ts";
import { obeyMonitor } from "./monitor.ts";
import { type FigureFiles, readSymbols, writeFigures } from "./figure-files.ts";
import { checkSeImage } from "./se-image.ts";
import { giveBackMemory } from "./spare-memory.ts";
import { printStats, reportStop } from "./stop-report.ts";

export interface BootOptions {
  readonly planned: PlannedMachine;
  readonly profile: Profile;
  /** Absent: what the profile's `ipl` names. */
  readonly source?: IplSource;
  /** Absent: what the profile's `protection.hostKeys` names. */
  readonly hostKeys?: readonly KeyObject[];
  readonly characterDevices: ReadonlyMap<string, CharacterDevice>;
  readonly timeoutMs?: number | undefined;
  readonly stats?: boolean;
  /** Reads devices that the user plugs; absent: without drives and networks that have names. */
  readonly parseDevice?: (text: string) => DeviceEntry;
  readonly figures?: FigureFiles;
  readonly events?: MachineEvents;
}

/** The console of a machine that says nothing else. */
export const stdioConsole: ReadonlyMap<string, CharacterDevice> = new Map([
  ["stdio", { backend: "stdio", escapes: true }],
]);

/** Boot, run to the end, say why it ended. @throws LockframeError what cannot be started */
export async function boot(invocation: Invocation, options: BootOptions): Promise<ExitName> {
  const { planned, profile, figures = {} } = options;
  const symbols = figures.symbols === undefined ? undefined : readSymbols(invocation, figures.symbols);
  const source = options.source ?? readIplFiles(profile.ipl, planned.plan.storage.size, hasMedium(planned));
  const [{ createMachine }, { loadHostKey }] = await Promise.all([
    import("@lockframe/machine"),
    import("@lockframe/secure-image"),
  ]);
  if (source.kernel !== undefined && (await checkSeImage(source.kernel))) warnIneffective(invocation, source);
  const hostKeys =
    options.hostKeys ?? (await Promise.all(profile.protection.hostKeys.map((path) => loadHostKey(path))));
  printBanner(invocation, planned.plan.protection.xray);

  let machine: Machine | undefined;
  let quitEarly: Stop | undefined;
  const quit = (by: Extract<Stop, { kind: "quit" }>["by"]): void => {
    quitEarly ??= { kind: "quit", by };
    machine?.quit({ kind: "quit", by });
  };
  const ports = openPorts(options.characterDevices, invocation, quit, (line) =>
    obeyMonitor(line, {
      machine: () => machine,
      parseDevice: options.parseDevice ?? deviceParser(planned.plugins.flatMap(({ devices }) => devices)),
      quit: () => quit("user"),
    }),
  );
  const release = onSignals(quit, options.timeoutMs);
  try {
    machine = await createMachine({
      planned,
      source,
      hostKeys,
      characterPorts: ports.ports,
      log: logTo(invocation),
      sampling: figures.perfMap !== undefined,
      ...(options.events !== undefined && { events: options.events }),
    });
    ports.start();
    giveBackMemory();
    const stop = quitEarly ?? (await machine.run());
    ports.close();
    reportStop(invocation, stop, machine.stats());
    if (options.stats === true) printStats(invocation, machine.stats());
    writeFigures(invocation, figures, machine, symbols);
    return exitOf(stop);
  } finally {
    ports.close();
    release();
    await machine?.dispose();
  }
}

/** Whether one of the devices is of a kind that machines can boot from. */
function hasMedium({ devices }: PlannedMachine): boolean {
  return devices.some(({ definition }) => "bootindex" in definition.config.shape);
}

function warnIneffective(invocation: Invocation, { initrd, commandLine }: IplSource): void {
  const sealed = "has no effect: the kernel is a Secure Execution image, which brings its own sealed inside";
  if (initrd !== undefined) warn(invocation, `-initrd ${sealed}`);
  if (commandLine !== undefined) warn(invocation, `-append ${sealed}`);
}

/** End the run on signals and when the time is up. Returns how to undo it. */
function onSignals(
  quit: (by: "SIGHUP" | "SIGINT" | "SIGTERM" | "timeout") => void,
  timeoutMs: number | undefined,
): () => void {
  const handlers = (["SIGHUP", "SIGINT", "SIGTERM"] as const).map((signal) => ({
    signal,
    handler: () => quit(signal),
  }));
  for (const { signal, handler } of handlers) process.on(signal, handler);
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => quit("timeout"), timeoutMs);
  return () => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
    clearTimeout(timer);
  };
}

function logTo(invocation: Invocation): Log {
  const verbose = invocation.env["LOCKFRAME_DEBUG"] !== undefined;
  return {
    debug: (message) => (verbose ? note(invocation, message) : undefined),
    info: (message) => note(invocation, message),
    warn: (message) => warn(invocation, message),
  };
}
