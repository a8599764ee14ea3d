/** The thread that compiles regions; see `BackgroundCompiler`. */
import { enableCompileCache } from "node:module";
import { workerData } from "node:worker_threads";
import type { WorkerAnswer, WorkerRequest, WorkerStart } from "./background.ts";

const { definitions, signatures, form, memories, port, cache } = workerData as WorkerStart;
if (cache !== undefined) enableCompileCache(cache);
const [{ instructions }, { BatchCompiler }] = await Promise.all([
  import("@lockframe/instructions"),
  import("./batch.ts"),
]);
const chosen = definitions.map((n) => {
  const definition = instructions[n];
  if (definition === undefined) throw new Error(`there is no definition ${n}`);
  return definition;
});
const compiler = new BatchCompiler({ definitions: chosen, signatures, form, memories });

port.on("message", ({ batch, regions }: WorkerRequest) => {
  const answer = (message: WorkerAnswer): void => port.postMessage(message);
  const start = performance.now();
  try {
    const module = compiler.compile(regions);
    answer({ batch, module, milliseconds: performance.now() - start });
  } catch (error) {
    answer({ batch, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
