import { MeteredProcess } from "./metered-process.ts";
import { promptPattern } from "./guest-parts.ts";

/** One boot to the shell prompt, measured. */
export interface Boot {
  /** Seconds from the start of the process to the prompt. */
  readonly secondsToPrompt: number;
  /** Seconds of CPU that the process used up to then. */
  readonly cpuSecondsToPrompt: number;
  /** Largest resident set up to then, in bytes. */
  readonly peakMemory: number;
  /** Share of a core that the guest uses while its shell waits for input. */
  readonly idleShare: number;
  /** Seconds of CPU that the process used from start to end of the watch. */
  readonly cpuSeconds: number;
  /** All that it printed. */
  readonly output: string;
}

/** A way to start a machine: the command and its arguments. */
export interface Starter {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** No boot takes longer than this; one that does has failed. */
const patienceSeconds = 180;
/** The kernel does for some ten seconds what it has put off during the boot; then the guest is watched. */
const settleSeconds = 20;
const watchSeconds = 5;

/** Boots once, or says why that failed. */
export async function boot({ name, command, args }: Starter): Promise<Boot | { readonly failure: string }> {
  await using machine = new MeteredProcess(command, args);
  const secondsToPrompt = await machine.secondsUntil(promptPattern, patienceSeconds);
  if (secondsToPrompt === undefined) {
    return { failure: `${name} came to no prompt; last said: ${lastLine(machine.output)}` };
  }
  const cpuSecondsToPrompt = machine.cpuSeconds();
  const peakMemory = machine.peakMemory();
  await machine.cpuShare(settleSeconds);
  const idleShare = await machine.cpuShare(watchSeconds);
  const cpuSeconds = machine.cpuSeconds();
  machine.send("poweroff -f\n");
  await machine.end(patienceSeconds);
  return { secondsToPrompt, cpuSecondsToPrompt, peakMemory, idleShare, cpuSeconds, output: machine.output };
}

function lastLine(output: string): string {
  return (
    output
      .trim()
      .split(/[\r\n]+/)
      .at(-1) ?? "nothing"
  );
}
