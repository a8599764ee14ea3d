import { describeDevice, FakeEntropy, VirtioBench } from "@lockframe/testkit/testing";
import { expect, test } from "vitest";
import plugin from "./index.ts";

const [definition] = plugin.devices;
if (definition === undefined) throw new Error("the plugin has no device");

describeDevice(definition);

test("room is filled with random bytes, up to 64 KiB at a time", () => {
  const { virtio } = definition.instantiate({}, { entropy: new FakeEntropy() });
  if (virtio === undefined) throw new Error("it is no virtio device");
  const [queue] = new VirtioBench(virtio.function).start();
  const used = queue?.request([], [16, 4]);
  expect(used?.length).toBe(20);
  expect(used?.bytes).toEqual(Buffer.from(new FakeEntropy().bytes(20)));
  expect(queue?.request([], [0x18000]).length).toBe(0x10000);
});
