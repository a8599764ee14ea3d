/** Calls of the command inside a test, without a process; and the machines of its profiles. */
import { PassThrough, Writable } from "node:stream";
import type { PlannedMachine } from "@lockframe/machine";
import { dataLayer, type ProfileLayer, resolveFile } from "@lockframe/profile";
import type { Invocation } from "./invocation.ts";
import { profileFiles } from "./profiles.ts";
import { main } from "./program.ts";
import { planOf } from "./run/plan.ts";

/** A stream that keeps what is written. */
export class Collector extends Writable {
  #text = "";

  get text(): string {
    return this.#text;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#text += chunk.toString("utf8");
    done();
  }
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run `lockframe ARGS...` with `input` on a stdin that then ends. */
export async function lockframe(
  args: readonly string[],
  { input = "", ...options }: Partial<Invocation> & { readonly input?: string } = {},
): Promise<Outcome> {
  const stdout = new Collector();
  const stderr = new Collector();
  const stdin = new PassThrough();
  stdin.end(input, "latin1");
  const status = await main({ args, env: {}, cwd: process.cwd(), stdin, stdout, stderr, ...options });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

/** Plan the machine of a profile that comes along, with these changes. */
export function planMachineOf(profile: string, changes: Partial<ProfileLayer> = {}): Promise<PlannedMachine> {
  const directory = process.cwd();
  const layer = dataLayer("test", { profile: 1, ...changes }, directory);
  return planOf(resolveFile(profile, directory, profileFiles(), [layer]), directory);
}
