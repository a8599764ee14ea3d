/** The thread that compiles regions; see `CompilingThread` and `BackgroundCompiler`. */
import { workerData } from "node:worker_threads";
import { instructions } from "@lockframe/instructions";
import type { WorkerAnswer, WorkerRequest, WorkerTarget } from "./background.ts";
import { BatchCompiler } from "./batch.ts";
import type { ThreadStart } from "./compiling-thread.ts";

const { port } = workerData as ThreadStart;
let compiler: BatchCompiler | undefined;

function compilerFor({ definitions, ...rest }: WorkerTarget): BatchCompiler {
  const chosen = definitions.map((n) => {
    const definition = instructions[n];
    if (definition === undefined) throw new Error(`there is no definition ${n}`);
    return definition;
  });
  return new BatchCompiler({ definitions: chosen, ...rest });
}

function compile({ batch: number, regions }: WorkerRequest): WorkerAnswer {
  const start = performance.now();
  try {
    if (compiler === undefined) throw new Error("it is not known what machine a region is for");
    const module = compiler.compile(regions);
    return { batch: number, module, milliseconds: performance.now() - start };
  } catch (error) {
    return { batch: number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

port.on("message", (message: WorkerTarget | WorkerRequest) => {
  if ("batch" in message) port.postMessage(compile(message));
  else compiler = compilerFor(message);
});
