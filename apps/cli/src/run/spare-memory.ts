/** Memory that starting up took and running does not need. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a collector takes whose switch has been turned on. */
type Collect = (options: { readonly type: "major"; readonly flavor: "last-resort" }) => void;

/**
 * Give memory back that only the start needed. Reading the sources and making the engine fills a heap several times the size
 * of what stays, and V8 would keep it while a guest runs, which hardly uses the heap.
 */
export function giveBackMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (isCollector(collect)) collect({ type: "major", flavor: "last-resort" });
}
const isCollector = (value: unknown): value is Collect => typeof value === "function";
