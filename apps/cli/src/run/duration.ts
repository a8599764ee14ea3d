import { LockframeError } from "@lockframe/architecture";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `90`, `90s`, `1.5m`, `2h`, `500ms`. @throws LockframeError LF-CLI-002 */
export function parseDuration(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?$/.exec(text);
  const milliseconds = Number(match?.[1]) * (units[match?.[2] ?? "s"] ?? Number.NaN);
  if (match === null || !(milliseconds > 0) || milliseconds >= 2 ** 31) {
    throw new LockframeError("LF-CLI-002", `\`${text}\` is no duration`, "Write 90s, 5m or 2h.");
  }
  return milliseconds;
}
