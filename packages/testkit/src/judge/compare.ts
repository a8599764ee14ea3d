import type { Interruption, MachineState, Outcome, StorageBytes } from "./case.ts";
import type { Opinion } from "./opinion.ts";

/** One thing about which judge and executor disagree, readable as it is. */
export interface Difference {
  /** "gr5", "cc", "storage 20010008", "ending", "next instruction". */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** What differs between the judge's opinion and an executor's outcome; nothing when they agree or may differ. */
export function compareOutcomes(expected: Opinion, found: Outcome): Difference[] {
  if ("open" in expected) {
    return [];
  }
  if ("silence" in expected) {
    return [{ what: "ending", expected: expected.silence, found: endingOf(found.interruption) }];
  }
  if (expected.interruption?.class !== found.interruption?.class) {
    return [
      { what: "ending", expected: endingOf(expected.interruption), found: endingOf(found.interruption) },
      ...("state" in expected ? compareStates(expected.state, found.state) : []),
    ];
  }
  if (!("state" in expected)) {
    return [];
  }
  const differences = compareStates(expected.state, found.state);
  if (expected.interruption === undefined && expected.state.address !== found.state.address) {
    differences.unshift({
      what: "next instruction",
      expected: hex(expected.state.address, 1),
      found: hex(found.state.address, 1),
    });
  }
  return differences;
}

function endingOf(interruption: Interruption | undefined): string {
  if (interruption === undefined) {
    return "completion";
  }
  const { class: name, code } = interruption;
  return code === undefined ? `${name} exception` : `${name} exception (${hex(BigInt(code), 4)})`;
}

function compareStates(expected: MachineState, found: MachineState): Difference[] {
  const differences: Difference[] = [];
  const note = (
    what: string,
    digits: number,
    a: bigint | number | undefined,
    b: bigint | number | undefined,
  ): void => {
    if (a !== b) {
      differences.push({ what, expected: hexOrNone(a, digits), found: hexOrNone(b, digits) });
    }
  };
  expected.gr.forEach((value, index) => note(`gr${index}`, 16, value, found.gr[index]));
  if (expected.vr === undefined)
    expected.fr.forEach((value, index) => note(`fr${index}`, 16, value, found.fr[index]));
  expected.vr?.forEach((value, index) => note(`vr${index}`, 32, value, found.vr?.[index]));
  expected.ar.forEach((value, index) => note(`ar${index}`, 8, value, found.ar[index]));
  note("cc", 1, expected.cc, found.cc);
  note("program mask", 1, expected.programMask, found.programMask);
  note("fpc", 8, expected.fpc, found.fpc);
  return [...differences, ...compareStorage(expected.storage, found.storage)];
}

function compareStorage(expected: readonly StorageBytes[], found: readonly StorageBytes[]): Difference[] {
  const inExpected = new Map(
    expected.map(({ address, bytes }) => [address, Buffer.from(bytes).toString("hex")]),
  );
  const inFound = new Map(found.map(({ address, bytes }) => [address, Buffer.from(bytes).toString("hex")]));
  const addresses = [...new Set([...inExpected.keys(), ...inFound.keys()])].toSorted((a, b) => Number(a - b));
  return addresses.flatMap((address) => {
    const a = inExpected.get(address) ?? "unchanged";
    const b = inFound.get(address) ?? "unchanged";
    return a === b ? [] : [{ what: `storage ${hex(address, 8)}`, expected: a, found: b }];
  });
}

const hexOrNone = (value: bigint | number | undefined, digits: number): string =>
  value === undefined ? "nothing" : hex(BigInt(value), digits);

/** Unsigned hexadecimal, at least `digits` long. */
export function hex(value: bigint, digits: number): string {
  return BigInt.asUintN(digits > 16 ? 128 : 64, value)
    .toString(16)
    .padStart(digits, "0");
}
