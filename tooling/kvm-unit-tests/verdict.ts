/** What one run of one test came to. */
export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** `pass`: it ran to its end and nothing failed. `refused`: our command line or QEMU's does not know an option. */
  readonly kind: "pass" | "fail" | "skip" | "timeout" | "refused" | "broken";
  /** First line that says why; empty when all is well. */
  readonly reason: string;
  /** What failed. */
  readonly failures: readonly string[];
}

/** How a process ended. */
export interface Ended {
  readonly status: number | undefined;
  readonly timedOut: boolean;
  readonly output: string;
}

/** Exit statuses that the suite encodes as (status << 1) | 1. */
const PASSED = 1;
const SKIPPED = 77;
/** Our exit status for a guest that gave up. */
const CRASHED = 4;

/** @param panics the guest is to give up: tests of the group `panic` pass when it is noticed */
export function verdictOf({ status, timedOut, output }: Ended, panics: boolean): Verdict {
  const lines = output.split(/\r?\n/);
  const count = (word: string): number => lines.filter((line) => line.startsWith(`${word}:`)).length;
  const failures = lines.filter((line) => line.startsWith("FAIL:")).map((line) => line.slice(6));
  const figures = { passed: count("PASS") + count("XFAIL"), failed: failures.length, skipped: count("SKIP") };
  const said = /EXIT: STATUS=(\d+)/.exec(output)?.[1];
  const end = said === undefined ? undefined : Number(said);
  const reasonOf = (pattern: RegExp): string => lines.find((line) => pattern.test(line))?.trim() ?? "";
  const verdict = (kind: Verdict["kind"], reason = ""): Verdict => ({ ...figures, failures, kind, reason });
  if (panics && end === undefined && status === CRASHED) return verdict("pass", "the guest gave up");
  if (timedOut) return verdict("timeout");
  if (end === PASSED) return verdict("pass");
  if (end === SKIPPED) return verdict("skip", reasonOf(/^SKIP:/).replace(/^SKIP: [^:]*: ?/, ""));
  if (end !== undefined) return verdict("fail", reasonOf(/^(FAIL|ABORT):|Unexpected/));
  const complaint = reasonOf(/LF-|^qemu-system/);
  return complaint === "" ? verdict("broken", lines.at(-2)) : verdict("refused", complaint);
}

/** A cell of the table. */
export function cellOf({ kind, passed, failed, skipped, reason }: Verdict): string {
  const figures = [
    passed > 0 ? `${passed} pass` : "",
    failed > 0 ? `**${failed} fail**` : "",
    kind !== "skip" && skipped > 0 ? `${skipped} skip` : "",
  ].filter((figure) => figure !== "");
  switch (kind) {
    case "pass":
      return figures.length > 0 ? figures.join(", ") : reason;
    case "fail":
      return failed > 0 ? figures.join(", ") : `**aborts**: ${reason}`;
    case "skip":
      return `skipped: ${reason}`;
    case "timeout":
      return [...figures, "**no end**"].join(", ");
    case "refused":
      return `refused: ${reason.replace(/^.*?(LF-[A-Z]+(-\d+)?|qemu-system-s390x): /, "")}`;
    case "broken":
      return [...figures, `**broke off**: ${reason}`].join(", ");
  }
}
