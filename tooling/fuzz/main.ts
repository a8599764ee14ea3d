/** `pnpm fuzz:images [--count N] [--seed S]`: mutated images against reader and Ultravisor. */
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Finding, ImageFuzz } from "./image-fuzz.ts";

const usage = `usage: pnpm fuzz:images [--count N] [--seed S]

Mutates valid images N times (10000) from seed S (1) on. Nothing may crash, hang, or start a guest that was
tampered with. A finding names its seed; --seed S --count 1 makes it again.`;

/** A mutation that takes longer than this hangs. */
const HANG_MS = 20_000;

interface Work {
  readonly seed: number;
  readonly count: number;
  /** Seed that is being worked on, for the watcher. */
  readonly current: Int32Array<SharedArrayBuffer>;
}

interface Result {
  readonly findings: readonly Finding[];
  readonly tally: ReadonlyMap<string, number>;
}

async function work({ seed, count, current }: Work): Promise<Result> {
  const fuzz = await ImageFuzz.create();
  const findings: Finding[] = [];
  for (let n = seed; n < seed + count; n++) {
    Atomics.store(current, 0, n);
    const finding = fuzz.step(n);
    if (finding !== undefined) findings.push(finding);
  }
  return { findings, tally: fuzz.tally };
}

/** Runs the work in a thread of its own and watches that it goes on. */
function watched(seed: number, count: number): Promise<Result | { hangsAt: number }> {
  const current = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { seed, count, current } satisfies Work,
  });
  return new Promise((resolve, reject) => {
    let last = -1;
    const watch = setInterval(() => {
      const now = Atomics.load(current, 0);
      if (now !== last) {
        last = now;
        return;
      }
      clearInterval(watch);
      void worker.terminate();
      resolve({ hangsAt: now });
    }, HANG_MS);
    const end = () => clearInterval(watch);
    worker.once("message", (result: Result) => {
      end();
      resolve(result);
    });
    worker.once("error", (error) => {
      end();
      reject(error);
    });
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  const [count, seed] = [Number(values.count), Number(values.seed)];
  const isWrong = !Number.isInteger(count) || count < 1 || !Number.isInteger(seed) || seed < 0;
  if (values.help || isWrong) {
    console.error(usage);
    return values.help ? 0 : 2;
  }
  const result = await watched(seed, count);
  if ("hangsAt" in result) {
    console.error(`mutation ${result.hangsAt} hangs`);
    return 1;
  }
  for (const [what, times] of [...result.tally].toSorted())
    console.log(`${String(times).padStart(7)}  ${what}`);
  for (const { seed: at, layout, changes, what } of result.findings) {
    console.error(`seed ${at} (${layout}): ${what}\n    ${changes.join("\n    ")}`);
  }
  console.log(`${count} mutations, ${result.findings.length} findings`);
  return result.findings.length === 0 ? 0 : 1;
}

if (isMainThread) process.exitCode = await main();
else parentPort?.postMessage(await work(workerData as Work));
