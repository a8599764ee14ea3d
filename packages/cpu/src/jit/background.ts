/** Regions are compiled by a thread of its own while guests run, where definitions are those that the thread knows. */
import { type Instruction, instructions } from "@lockframe/instructions";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { MessageChannel, type MessagePort, Worker, receiveMessageOnPort } from "node:worker_threads";
import type { Target } from "./batch.ts";
import type { Region } from "./region.ts";

/** What the thread is started with. */
export interface WorkerStart extends Omit<Target, "definitions"> {
  /** Definitions by their places in the list of all. */
  readonly definitions: readonly number[];
  readonly port: MessagePort;
  /** What `enableCompileCache` is given, where Node keeps compiled sources. */
  readonly cache: string | undefined;
}
export interface WorkerRequest {
  readonly batch: number;
  readonly regions: readonly Region[];
}
export type WorkerAnswer =
  | { readonly batch: number; readonly module: WebAssembly.Module; readonly milliseconds: number }
  | { readonly batch: number; readonly error: string };

/**
 * The thread's heap, in MiB. It makes much that is soon garbage; without limits V8 would keep 150 MiB of it. What is alive are
 * definitions and one batch of regions, which `jit.ts` keeps small: some 20.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 96 };

const fromSource = import.meta.url.endsWith(".ts");

export class BackgroundCompiler {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #broken: unknown;

  private constructor(target: Target, definitions: readonly number[]) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { signatures, form, memories } = target;
    const kept = getCompileCacheDir();
    const start: WorkerStart = {
      definitions,
      signatures,
      form,
      memories,
      port: port2,
      cache: kept && dirname(kept), // Node adds a directory for its version
    };
    this.#worker = new Worker(new URL(`./compile-thread.${fromSource ? "ts" : "js"}`, import.meta.url), {
      workerData: start,
      resourceLimits,
      transferList: [port2],
      execArgv: fromSource ? ["--conditions=@lockframe/source"] : [],
    });
    this.#worker.on("error", (error) => (this.#broken = error ?? new Error("no reason was given")));
    this.#worker.unref();
    port1.unref();
  }

  /** Undefined when the thread cannot know a definition. */
  static for(target: Target): BackgroundCompiler | undefined {
    const places = new Map<Instruction, number>(instructions.map((definition, n) => [definition, n]));
    const definitions = target.definitions.map((definition) => places.get(definition) ?? -1);
    return definitions.includes(-1) ? undefined : new BackgroundCompiler(target, definitions);
  }

  compile(request: WorkerRequest): void {
    this.#port.postMessage(request);
  }
  /** The next answer that has come. @throws Error the thread has failed */
  poll(): WorkerAnswer | undefined {
    if (this.#broken !== undefined)
      throw new Error("the compiling thread has failed", { cause: this.#broken });
    const received = receiveMessageOnPort(this.#port) as { readonly message: WorkerAnswer } | undefined;
    return received?.message;
  }
  async dispose(): Promise<void> {
    this.#port.close();
    await this.#worker.terminate();
  }
}
