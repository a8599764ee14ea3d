import { compareRecords, deviationOf } from "./compare.ts";
import { buildProgram, readRecord, RECORD_SIZE, type SystemCase, type SystemRecord } from "./program.ts";
import { runOnMachine, runUnderQemu } from "./sides.ts";

/** As many as fit between the places of the program. */
const BATCH = 400;

export interface Verdict {
  readonly subject: SystemCase;
  readonly differences: readonly string[];
  /** Why the differences are QEMU's. */
  readonly deviation: string | undefined;
}

async function judgeBatch(cases: readonly SystemCase[]): Promise<Verdict[]> {
  const image = buildProgram(cases);
  const [theirs, ours] = [await runUnderQemu(image, cases.length), await runOnMachine(image, cases.length)];
  const part = (bytes: Uint8Array, n: number): SystemRecord =>
    readRecord(bytes.subarray(n * RECORD_SIZE, (n + 1) * RECORD_SIZE));
  return cases.map((subject, n) => {
    const [their, our] = [part(theirs, n), part(ours, n)];
    const differences = compareRecords(their, our);
    const deviation = differences.length === 0 ? undefined : deviationOf(subject, their, our);
    return { subject, differences, deviation };
  });
}

/** Run all on both sides. */
export async function judge(cases: readonly SystemCase[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (let done = 0; done < cases.length; done += BATCH)
    verdicts.push(...(await judgeBatch(cases.slice(done, done + BATCH))));
  return verdicts;
}
