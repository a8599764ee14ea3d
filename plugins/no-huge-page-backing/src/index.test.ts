import { type MachinePlan } from "@lockframe/plugin-api";
import { callTap, examplePlan, protectedPlan } from "@lockframe/plugin-api/testing";
import { expect, test } from "vitest";
import noHugePages from "./index.ts";

const { facilities } = noHugePages.taps;
const onHugePages = (plan: MachinePlan): MachinePlan => ({
  ...plan,
  storage: { ...plan.storage, backing: "huge-pages" },
});

test("a protectable machine on huge pages is refused", () => {
  expect(() => callTap(facilities, onHugePages(protectedPlan))).toThrow(
    expect.objectContaining({ code: "LF-PV-003" }),
  );
  expect(callTap(facilities, protectedPlan)).toBe(protectedPlan);
});

test("any other machine on huge pages runs, and its guest is told that it cannot be protected", () => {
  expect(callTap(facilities, onHugePages(examplePlan)).protection.vetoes).toEqual([
    { responseCode: 0x0a02, message: "Protected VMs can currently not be backed with huge pages" },
  ]);
});
