import { callTap, examplePlan, protectedPlan } from "@lockframe/plugin-api/testing";
import { expect, test } from "vitest";
import iommu from "./index.ts";

test("virtio devices of a protectable machine get the IOMMU, those of another one do not", () => {
  expect(callTap(iommu.taps.facilities, protectedPlan).deviceDefaults).toEqual([
    { class: "virtio", property: "iommu_platform", value: true },
  ]);
  expect(callTap(iommu.taps.facilities, examplePlan)).toBe(examplePlan);
});
