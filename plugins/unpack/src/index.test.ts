import type { FacilityName } from "@lockframe/plugin-api";
import { callTap, examplePlan, protectedPlan } from "@lockframe/plugin-api/testing";
import { expect, test } from "vitest";
import unpack from "./index.ts";

const { facilities } = unpack.taps;

test("offers unpack from z15 on", () => {
  expect(unpack.facilities).toMatchObject([{ facility: "unpack", since: 15 }]);
});

test("a protectable machine needs the facility and at most 247 CPUs", () => {
  expect(callTap(facilities, protectedPlan)).toBe(protectedPlan);
  expect(() => callTap(facilities, { ...protectedPlan, facilities: new Set<FacilityName>() })).toThrow(
    expect.objectContaining({
      code: "LF-PV-001",
      message: expect.stringContaining("CPU model does not support Protected Virtualization"),
    }),
  );
  const crowded = { ...protectedPlan, cpu: { ...protectedPlan.cpu, maxCount: 248 } };
  expect(() => callTap(facilities, crowded)).toThrow("Protected VMs support a maximum of 247 CPUs");
});

test("any other machine is none of its business", () => {
  expect(callTap(facilities, examplePlan)).toBe(examplePlan);
});
