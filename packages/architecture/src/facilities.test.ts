import { expect, test } from "vitest";
import { findCpuModel, modelFacilities } from "./cpu-models.ts";
import { facilities, facilityBit, facilityList, findFacility } from "./facilities.ts";

test("bits, names and aliases are each used once, in ascending order of bits", () => {
  const bits = facilities.map(({ bit }) => bit);
  expect(bits).toEqual([...new Set(bits)].toSorted((a, b) => a - b));
  const words = facilities.flatMap(({ name, alias }) => (name === alias ? [name] : [name, alias]));
  expect(new Set(words).size).toBe(words.length);
});

test("a facility answers to its name and to QEMU's", () => {
  expect(findFacility("vector")?.bit).toBe(129);
  expect(findFacility("vx")).toBe(findFacility("vector"));
  expect(findFacility("warp")).toBeUndefined();
  expect(facilityBit("unpack")).toBe(161);
});

test("the list is numbered from the left and ends with the doubleword of its last one bit", () => {
  expect([...facilityList(["n3", "z-architecture", "store-facility-list-extended"])]).toEqual([
    0xc1, 0, 0, 0, 0, 0, 0, 0,
  ]);
  expect(facilityList([])).toHaveLength(8);
  const list = facilityList(["unpack"]);
  expect(list).toHaveLength(24);
  expect(list[20]).toBe(0x40);
});

test("a named model has what its generation brought, and unpack only on request", () => {
  const z15 = findCpuModel("z15");
  expect(z15?.name).toBe("gen15a");
  const names = z15 === undefined ? [] : modelFacilities(z15);
  expect(names).toContain("vector-enhancements-2");
  expect(names).not.toContain("bear-enhancement");
  expect(names).not.toContain("unpack");
  expect(findCpuModel("z17")).toBeUndefined();
});
