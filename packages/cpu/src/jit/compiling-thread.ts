/**
 * The thread that compiles regions, as seen from outside. It may be started before there is a machine: loading what it needs takes
 * it as long as the rest of a start takes the main thread.
 */
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";

/** What the thread is started with. */
export interface ThreadStart {
  readonly port: MessagePort;
  /** What `enableCompileCache` is given, where Node keeps compiled sources. */
  readonly cache: string | undefined;
  /** The module that it runs, as a URL. */
  readonly main: string;
}
export interface CompilingThread {
  readonly worker: Worker;
  readonly port: MessagePort;
}

/**
 * The thread's heap, in MiB. It makes much that is soon garbage; without limits V8 would keep 150 MiB of it. What is alive are
 * definitions and one batch of regions, which `jit.ts` keeps small: some 20.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 96 };

const fromSource = import.meta.url.endsWith(".ts");
const main = new URL(`./compile-thread.${fromSource ? "ts" : "js"}`, import.meta.url).href;

/** Where the cache is known before anything is loaded, Node need not load its type stripper, for a tenth of a second. */
const BEGIN = `
  const { main, cache } = require("node:worker_threads").workerData;
  if (cache !== undefined) require("node:module").enableCompileCache(cache);
  import(main);
`;

function start(): CompilingThread {
  const { port1, port2 } = new MessageChannel();
  const kept = getCompileCacheDir();
  const cache = kept && dirname(kept); // Node adds a directory for its version
  const workerData: ThreadStart = { port: port2, cache, main };
  const worker = new Worker(BEGIN, {
    eval: true,
    workerData,
    resourceLimits,
    transferList: [port2],
    execArgv: fromSource ? ["--conditions=@lockframe/source"] : [],
  });
  worker.unref();
  port1.unref();
  return { worker, port: port1 };
}

let ahead: CompilingThread | undefined;

/** Start the thread for the machine that there will be. It keeps no process alive. */
export function startCompilingThread(): void {
  ahead ??= start();
}

/** The thread that was started ahead and has not been taken, or a new one. */
export function takeCompilingThread(): CompilingThread {
  const thread = ahead ?? start();
  ahead = undefined;
  return thread;
}
