import { type MachinePlan } from "@lockframe/plugin-api";
import { callTap, examplePlan, protectedPlan, request } from "@lockframe/plugin-api/testing";
import { expect, test } from "vitest";
import noBalloon from "./index.ts";

const { facilities } = noBalloon.taps;
const withDevice = (plan: MachinePlan, type: string): MachinePlan => ({ ...plan, devices: [request(type)] });

test.for(["virtio-balloon", "virtio-balloon-ccw", "virtio-mem-ccw"])(
  "%s is refused in a protectable machine",
  (type) => {
    expect(() => callTap(facilities, withDevice(protectedPlan, type))).toThrow(
      expect.objectContaining({ code: "LF-PV-005", message: expect.stringContaining(type) }),
    );
  },
);

test("other devices and other machines pass", () => {
  const console = withDevice(protectedPlan, "sclpconsole");
  expect(callTap(facilities, console)).toBe(console);
  const plain = withDevice(examplePlan, "virtio-balloon-ccw");
  expect(callTap(facilities, plain)).toBe(plain);
});
