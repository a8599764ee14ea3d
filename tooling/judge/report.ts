import type { Judgement } from "@lockframe/testkit";

/** Differences of a case that are shown; the others are of the same kind. */
const mostDifferences = 8;

/** One line for an instruction, and under it the first case in which it fails. */
export function reportLines({
  mnemonic,
  title,
  cases,
  passed,
  failed,
  deviations,
  first,
}: Judgement): string[] {
  const known = Object.entries(deviations).map(([id, count]) => `${count} ${id}`);
  const verdict = failed > 0 ? "FAIL" : passed === 0 ? "none" : "ok";
  const counts = `${passed} of ${cases}${failed > 0 ? `, ${failed} differ` : ""}`;
  const line = `${verdict.padEnd(4)}  ${mnemonic.padEnd(8)} ${counts}${known.map((text) => `, ${text}`).join("")}  ${title}`;
  if (first === undefined) {
    return [line];
  }
  return [
    line,
    `      case ${first.index}`,
    ...first.lines.map((text) => `        ${text}`),
    ...first.differences
      .slice(0, mostDifferences)
      .map(({ what, expected, found }) => `        ${what.padEnd(18)} qemu ${expected}   ours ${found}`),
  ];
}

/** The last lines: what all of it came to. */
export function summaryLines(
  judgements: readonly Judgement[],
  byReference: ReadonlyMap<string, string>,
  unjudged: ReadonlyMap<string, string>,
): string[] {
  const failing = judgements.filter(({ failed }) => failed > 0);
  const silent = judgements.filter(({ failed, passed }) => failed === 0 && passed === 0);
  const cases = judgements.reduce((sum, judgement) => sum + judgement.cases, 0);
  return [
    "",
    `${judgements.length} instructions, ${cases} cases; ${failing.length} instructions differ${listed(failing)}`,
    ...(silent.length === 0 ? [] : [`${silent.length} on which QEMU has nothing to say${listed(silent)}`]),
    ...byReason("judged by a reference", byReference),
    ...byReason("not judged", unjudged),
  ];
}

function listed(judgements: readonly Judgement[]): string {
  return judgements.length === 0 ? "" : `: ${judgements.map(({ mnemonic }) => mnemonic).join(" ")}`;
}

/** A line for each reason, with the instructions that have it. */
function byReason(what: string, instructions: ReadonlyMap<string, string>): string[] {
  return [...Map.groupBy(instructions, ([, reason]) => reason)].map(
    ([reason, rows]) => `${what}, ${reason}: ${rows.map(([mnemonic]) => mnemonic).join(" ")}`,
  );
}
