import { readFileSync } from "node:fs";
import { facilityBit } from "@lockframe/architecture";
import { gaps, identify, instructions } from "@lockframe/instructions";
import { expect, test } from "vitest";
import { implementedFacilities } from "./implemented-facilities.ts";

const offered = new Set(Array.from(implementedFacilities, facilityBit));

test("a facility that is offered has no gap", () => {
  expect(gaps.filter(({ facility }) => facility !== undefined && offered.has(facility))).toEqual([]);
});

test("a facility that has all its instructions, and no more to it, is offered", () => {
  // The Ultravisor's own: the guest finds it when it is protected.
  const others = new Set([facilityBit("ultravisor-call")]);
  const whole = new Set(instructions.flatMap(({ facility }) => facility ?? []));
  for (const { facility } of gaps) if (facility !== undefined) whole.delete(facility);
  expect([...whole].filter((bit) => !offered.has(bit) && !others.has(bit))).toEqual([]);
});

const lines = readFileSync(new URL("../test/debian-instructions.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

/** What only a hypervisor or an adapter's driver uses; the architecture announces it otherwise than by a facility. */
const unannounced = new Set(["SIE", "SIGA"]);

test("what Debian's programs contain is defined, or a gap that they can find out about", () => {
  const stray = lines.filter((line) => {
    if (line.startsWith("data ")) return false;
    const known = identify(Number.parseInt(line, 16));
    if (known === undefined) return true;
    const defined = "body" in known;
    return defined ? false : known.facility === undefined && !unannounced.has(known.mnemonic);
  });
  expect(stray).toEqual([]);
});

test("data that disassembles to an instruction names one", () => {
  const data = lines.flatMap((line) => (line.startsWith("data ") ? [line.slice(5)] : []));
  expect(data.filter((line) => identify(Number.parseInt(line, 16)) === undefined)).toEqual([]);
});
