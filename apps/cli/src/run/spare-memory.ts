/** Memory that starting up took and running does not need. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a collector takes whose switch has been turned on. */
type Collect = (options: { readonly type: "major"; readonly flavor: "last-resort" }) => void;

/** A heap of so many bytes is worth the tenth of a second: an engine was made, which an earlier start has otherwise left on disk. */
const LARGE = 48 * 2 ** 20;

/**
 * Give memory back that only the start needed. Reading the sources and making the engine fills a heap several times the size
 * of what stays, and V8 would keep it while a guest runs, which hardly uses the heap.
 */
export function giveBackMemory(): void {
  if (getHeapStatistics().total_heap_size < LARGE) return;
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (isCollector(collect)) collect({ type: "major", flavor: "last-resort" });
}
const isCollector = (value: unknown): value is Collect => typeof value === "function";
