import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What Node is told before the verb. */
const words = [
  "--conditions=@lockframe/source",
  fileURLToPath(new URL("../bin/lockframe.js", import.meta.url)),
];

/** The start of a shell command that runs `lockframe`. */
export const shellCommand = [process.execPath, ...words].map((word) => `'${word}'`).join(" ");

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `lockframe`, or another program, as a process of its own. */
export class CommandProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Outcome>;
  #stdout = "";
  #stderr = "";
  #changed: () => void = () => undefined;

  constructor(args: readonly string[], file = process.execPath) {
    this.child = spawn(file, file === process.execPath ? [...words, ...args] : args);
    this.child.stdout.on("data", (chunk) => {
      this.#stdout += String(chunk);
      this.#changed();
    });
    this.child.stderr.on("data", (chunk) => (this.#stderr += String(chunk)));
    // A child that has ended does not read what is still typed.
    this.child.stdin.on("error", () => undefined);
    this.ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (status, signal) => {
        this.#changed();
        resolve({ status, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Type, without ending the input. */
  type(text: string): void {
    this.child.stdin.write(text, "latin1");
  }

  /** Wait until the output has `text`. @throws when the command ends without it */
  async sees(text: string): Promise<void> {
    while (!this.#stdout.includes(text)) {
      if (this.child.exitCode !== null)
        throw new Error(`ended without ${JSON.stringify(text)}:\n${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }
}

/** Run `lockframe` to its end with this input. */
export function command(args: readonly string[], input = ""): Promise<Outcome> {
  const started = new CommandProcess(args);
  started.child.stdin.end(input, "latin1");
  return started.ended;
}
