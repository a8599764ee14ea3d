import {
  backgroundState,
  backgroundVectors,
  type Case,
  type Executor,
  type MachineState,
  type StorageBytes,
} from "./case.ts";
import type { AgreedCase } from "./judge-instruction.ts";
import { caseToJson, type CaseJson } from "./case-json.ts";
import { compareOutcomes } from "./compare.ts";
import type { Judge } from "./opinion.ts";
import { flattened } from "./window-contents.ts";

/**
 * Picks `count` cases that differ from each other in what they do, takes from each what plays no part in it, and
 * returns them as vectors with the outcome on which judge and the executor agree.
 */
export async function chooseVectors(
  cases: readonly AgreedCase[],
  judge: Judge,
  executor: Executor,
  count: number,
): Promise<CaseJson[]> {
  const chosen = mostDifferent(cases, count).map(({ subject, outcome }) => ({
    subject: { ...subject, before: { ...subject.before, storage: flattened(subject.before.storage) } },
    outcome,
  }));
  const simpler = await combined(chosen, await harmless(chosen, judge), judge);
  // A simpler case may be one of those in which QEMU deviates.
  const certain = simpler.filter(
    ({ subject, outcome }) => compareOutcomes(outcome, executor.execute(subject)).length === 0,
  );
  return certain.map(({ subject, outcome }) => caseToJson(subject, outcome));
}

/** One case of each kind, the commonest kinds first, then a second one of each and so on; few that are interrupted. */
function mostDifferent(candidates: readonly AgreedCase[], count: number): AgreedCase[] {
  const kinds = [...Map.groupBy(candidates, kindOf).values()].toSorted((a, b) => b.length - a.length);
  const rounds = Math.max(0, ...kinds.map((kind) => kind.length));
  const chosen: AgreedCase[] = [];
  for (let round = 0; round < rounds && chosen.length < count; round++) {
    const next = kinds.flatMap((kind) => kind.slice(round, round + 1));
    chosen.push(...next.filter(({ outcome }) => round === 0 || outcome.interruption === undefined));
  }
  return chosen.slice(0, count);
}

/** How a case ends, and what kinds of things it changes. */
function kindOf({ subject, outcome: { interruption, state } }: AgreedCase): string {
  const changed = (before: readonly unknown[], after: readonly unknown[]): number =>
    after.filter((value, index) => value !== before[index]).length;
  const { before } = subject;
  return [
    interruption?.class ??
      (state.address === before.address + BigInt(subject.bytes.length) ? "next" : "elsewhere"),
    state.cc === before.cc ? "same" : state.cc,
    changed(before.gr, state.gr),
    changed(before.fr, state.fr),
    state.fpc === before.fpc,
    Math.min(state.storage.length, 3),
  ].join();
}

/**
 * The simpler state, then others that differ from it in the same place: what plays no part in a case can have
 * any value there.
 */
type Simplification = (before: MachineState) => readonly [MachineState, ...MachineState[]];

const background = backgroundState();
const ones = 0xffff_ffff_ffff_ffffn;
/** Values besides the background that show whether a register matters. */
const probes = (value: bigint): bigint[] => [value ^ ones, 0n, ones >> 1n, 1n << 63n];

const wideOnes = (1n << 128n) - 1n;
const withVector = (before: MachineState, number: number, value: bigint): MachineState =>
  before.vr === undefined ? before : { ...before, vr: before.vr.with(number, value) };

const simplifications: readonly Simplification[] = [
  (before) => [
    { ...before, storage: [] },
    ...[0, 0xff].map((mask) => ({
      ...before,
      storage: before.storage.map((piece) => xored(piece, mask)),
    })),
  ],
  (before) => [
    { ...before, ar: background.ar },
    { ...before, ar: before.ar.map((value) => ~value >>> 0) },
  ],
  ...background.gr.map((usual, number): Simplification => (before) => [
    { ...before, gr: before.gr.with(number, usual) },
    ...probes(before.gr[number] ?? 0n).map((value) => ({ ...before, gr: before.gr.with(number, value) })),
  ]),
  ...background.fr.map((usual, number): Simplification => (before) => [
    { ...before, fr: before.fr.with(number, usual) },
    // Not loaded in a case about vector registers.
    ...(before.vr === undefined ? probes(before.fr[number] ?? 0n) : []).map((value) => ({
      ...before,
      fr: before.fr.with(number, value),
    })),
  ]),
  ...backgroundVectors().map((usual, number): Simplification => (before) => [
    withVector(before, number, usual),
    ...(before.vr === undefined ? [] : [wideOnes, 1n << 127n, 0n]).map((mask) =>
      withVector(before, number, mask === 0n ? 0n : (before.vr?.[number] ?? 0n) ^ mask),
    ),
  ]),
  (before) => [{ ...before, fpc: 0 }, ...[0xf800_0000, 1, 2, 3].map((fpc) => ({ ...before, fpc }))],
  (before) => [
    { ...before, programMask: 0 },
    { ...before, programMask: 15 },
  ],
  (before) => [{ ...before, address: background.address }],
];

function xored({ address, bytes }: StorageBytes, mask: number): StorageBytes {
  return { address, bytes: bytes.map((byte, index) => (mask === 0 ? index & 1 : byte ^ mask)) };
}

/** For each case, the simplifications with which the judge says the same, whatever stands in their place. */
async function harmless(cases: readonly AgreedCase[], judge: Judge): Promise<Simplification[][]> {
  const variants = cases.map(({ subject }) =>
    simplifications.map((simplify) =>
      simplify(subject.before).map((before): Case => ({ ...subject, before })),
    ),
  );
  const effects = await effectsOf(variants.flat(2), judge);
  let next = 0;
  return variants.map((ofCase, index) => {
    const wanted = cases[index] === undefined ? undefined : effectOf(cases[index]);
    return ofCase.flatMap((states, which) => {
      const same = states.map(() => effects[next++] === wanted).every(Boolean);
      const simplify = simplifications[which];
      return same && simplify !== undefined ? [simplify] : [];
    });
  });
}

/** The cases with all their simplifications, where the judge says the same about them together too. */
async function combined(
  cases: readonly AgreedCase[],
  simplificationsOf: readonly (readonly Simplification[])[],
  judge: Judge,
): Promise<AgreedCase[]> {
  const simpler = cases.map(({ subject }, index): Case => {
    const all = simplificationsOf[index] ?? [];
    return { ...subject, before: all.reduce((before, simplify) => simplify(before)[0], subject.before) };
  });
  const opinions = await judge.judge(simpler);
  return cases.map((original, index) => {
    const [subject, outcome] = [simpler[index], opinions[index]];
    const usable = subject !== undefined && outcome !== undefined && "state" in outcome;
    return usable && effectOf({ subject, outcome }) === effectOf(original) ? { subject, outcome } : original;
  });
}

/** What the judge says of each case, in the form of `effectOf`; undefined where that is nothing. */
async function effectsOf(cases: readonly Case[], judge: Judge): Promise<(string | undefined)[]> {
  const opinions = await judge.judge(cases);
  return cases.map((subject, index) => {
    const outcome = opinions[index];
    return outcome !== undefined && "state" in outcome ? effectOf({ subject, outcome }) : undefined;
  });
}

/** What a case changes, in a form that can be compared: new values of what is new. */
function effectOf({ subject, outcome }: AgreedCase): string {
  const { after } = caseToJson(subject, outcome);
  const next = outcome.state.address - subject.before.address;
  return JSON.stringify({ ...after, address: String(next) });
}
