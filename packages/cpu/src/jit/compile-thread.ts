/** The thread that compiles regions; see `CompilingThread` and `BackgroundCompiler`. */
import { enableCompileCache } from "node:module";
import { workerData } from "node:worker_threads";
import type { WorkerAnswer, WorkerRequest, WorkerTarget } from "./background.ts";
import type { BatchCompiler } from "./batch.ts";
import type { ThreadStart } from "./compiling-thread.ts";

const { port, cache } = workerData as ThreadStart;
if (cache !== undefined) enableCompileCache(cache);
const [{ instructions }, batch] = await Promise.all([
  import("@lockframe/instructions"),
  import("./batch.ts"),
]);
let compiler: BatchCompiler | undefined;

function compilerFor({ definitions, ...rest }: WorkerTarget): BatchCompiler {
  const chosen = definitions.map((n) => {
    const definition = instructions[n];
    if (definition === undefined) throw new Error(`there is no definition ${n}`);
    return definition;
  });
  return new batch.BatchCompiler({ definitions: chosen, ...rest });
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
