/** Names of subjects and issuers, and what is special about those of IBM's host key PKI. */
import type { Name } from "./x509.ts";

type Entry = readonly [type: string, value: string];

/** Entries in their order; compared as X.509 does for text: case and runs of blanks do not matter. */
function entriesOf(name: Name): Entry[] {
  return name
    .toJSON()
    .flatMap((rdn) =>
      Object.entries(rdn).flatMap(([type, values]) => values.map((value): Entry => [type, normal(value)])),
    );
}

function normal(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ").toLowerCase();
}

function keyOf(entries: readonly Entry[]): string {
  return JSON.stringify(entries);
}

/** True when both have the same entries in the same order. */
export function sameName(a: Name, b: Name): boolean {
  return keyOf(entriesOf(a)) === keyOf(entriesOf(b));
}

/**
 * True when both name the same IBM signing service: the order of the entries does not matter, and Armonk is as
 * good as Poughkeepsie. IBM's documents and revocation lists differ in both.
 */
export function sameSigningService(a: Name, b: Name): boolean {
  const canonical = (name: Name) =>
    keyOf(
      entriesOf(name)
        .map(([type, value]): Entry =>
          type === "L" && value === "armonk" ? [type, "poughkeepsie"] : [type, value],
        )
        .toSorted((x, y) => (keyOf([x]) < keyOf([y]) ? -1 : 1)),
    );
  return canonical(a) === canonical(b);
}

const IBM = "International Business Machines Corporation";
const SIGNING_SUBJECT: Readonly<Record<string, readonly string[]>> = {
  C: ["US"],
  ST: ["New York"],
  L: ["Poughkeepsie", "Armonk"],
  O: [IBM],
  CN: [IBM],
};
/** How the organisational unit of a signing key ends. */
export const SIGNING_UNIT_SUFFIX = "Key Signing Service";

/** True for the subject of a host key signing key: exactly six entries with the values that verifiers expect. */
export function isSigningSubject(subject: Name): boolean {
  const count = subject.toJSON().flatMap((rdn) => Object.values(rdn).flat()).length;
  const fits = Object.entries(SIGNING_SUBJECT).every(([type, values]) =>
    values.includes(subject.getField(type)[0] ?? ""),
  );
  return count === 6 && fits && (subject.getField("OU")[0] ?? "").endsWith(SIGNING_UNIT_SUFFIX);
}

/** The subject of a signing key of ours: passes {@link isSigningSubject}, and says aloud what it is. */
export function signingSubject(unit: string): Record<string, string[]>[] {
  return [
    { C: ["US"] },
    { O: [IBM] },
    { CN: [IBM] },
    { ST: ["New York"] },
    { L: ["Poughkeepsie"] },
    { OU: [`${unit} ${SIGNING_UNIT_SUFFIX}`] },
  ];
}
