import { comparable, deviations } from "./deviations.ts";
import type { SystemCase, SystemRecord } from "./program.ts";

/** Why a difference is none of ours, if one is listed. */
export const deviationOf = (
  subject: SystemCase,
  theirs: SystemRecord,
  ours: SystemRecord,
): string | undefined => deviations.find(({ when }) => when(subject, theirs, ours))?.reason;

/** What differs, field by field; empty when both agree. */
export function compareRecords(theirRecord: SystemRecord, ourRecord: SystemRecord): string[] {
  const [theirs, ours] = [comparable(theirRecord), comparable(ourRecord)];
  const differences: string[] = [];
  const compare = (what: string, theirValue: unknown, ourValue: unknown): void => {
    const [a, b] = [String(theirValue), String(ourValue)];
    if (a !== b) differences.push(`${what}: QEMU ${a}, Lockframe ${b}`);
  };
  const hex = (value: bigint | undefined): string => (value ?? 0n).toString(16);
  for (let n = 0; n < 16; n++) {
    compare(`r${n}`, hex(theirs.gr[n]), hex(ours.gr[n]));
    compare(`c${n}`, hex(theirs.cr[n]), hex(ours.cr[n]));
    compare(`a${n}`, theirs.ar[n], ours.ar[n]);
  }
  compare("parameters", theirs.parameters, ours.parameters);
  compare("SVC old PSW", theirs.svcOld, ours.svcOld);
  compare("program old PSW", theirs.programOld, ours.programOld);
  compare("breaking event", hex(theirs.breakingEvent), hex(ours.breakingEvent));
  compare("prefix", theirs.prefix, ours.prefix);
  compare("key", theirs.key, ours.key);
  theirs.window.forEach((page, n) => compare(`window page ${n}`, page, ours.window[n]));
  return differences;
}
