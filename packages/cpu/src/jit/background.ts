/** Regions are compiled by a thread of its own while guests run, where definitions are those that the thread knows. */
import { type Instruction, instructions } from "@lockframe/instructions";
import { type MessagePort, type Worker, receiveMessageOnPort } from "node:worker_threads";
import type { Target } from "./batch.ts";
import { takeCompilingThread } from "./compiling-thread.ts";
import type { Region } from "./region.ts";

/** For what machine regions are compiled; comes before any. */
export interface WorkerTarget extends Omit<Target, "definitions"> {
  /** Definitions by their places in the list of all. */
  readonly definitions: readonly number[];
}
export interface WorkerRequest {
  readonly batch: number;
  readonly regions: readonly Region[];
}
export type WorkerAnswer =
  | { readonly batch: number; readonly module: WebAssembly.Module; readonly milliseconds: number }
  | { readonly batch: number; readonly error: string };

export class BackgroundCompiler {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #broken: unknown;

  private constructor(target: WorkerTarget) {
    const { worker, port } = takeCompilingThread();
    this.#worker = worker;
    this.#port = port;
    worker.on("error", (error) => (this.#broken = error ?? new Error("no reason was given")));
    port.postMessage(target);
  }

  /** Undefined when the thread cannot know a definition. */
  static for(target: Target): BackgroundCompiler | undefined {
    const places = new Map<Instruction, number>(instructions.map((definition, n) => [definition, n]));
    const definitions = target.definitions.map((definition) => places.get(definition) ?? -1);
    return definitions.includes(-1) ? undefined : new BackgroundCompiler({ ...target, definitions });
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
