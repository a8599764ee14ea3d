import { ChannelBench } from "@lockframe/channel-subsystem/testing";
import { PlainHostView } from "@lockframe/memory";
import { expect, test } from "vitest";
import {
  attachDevices,
  type AttachTarget,
  type CreatedDevice,
  plugDevice,
  unplugDevice,
} from "./attach-devices.ts";
import { VirtioDevices } from "./virtio-devices.ts";

function created(at?: string): CreatedDevice {
  const senseId = { cuType: 0x3505, cuModel: 0, deviceType: 0, deviceModel: 0 };
  return {
    request: { type: "card-reader-3505", id: undefined, at, properties: {} },
    device: { channel: { senseId, device: { commands: {} } } },
  };
}

const warnings: string[] = [];

function target({ css, storage }: ChannelBench): AttachTarget {
  const log = { debug() {}, info() {}, warn: (line: string) => warnings.push(line) };
  const view = new PlainHostView(storage);
  return {
    channelSubsystem: css,
    virtioDevices: new VirtioDevices({
      storage: view,
      channelSubsystem: css,
      log,
      protectionRequested: true,
    }),
  };
}

function numbers(bench: ChannelBench): string[] {
  const found: string[] = [];
  for (let number = 0; number < 8; number++) {
    const outcome = bench.css.storeSubchannel(BigInt(0x10000 | number));
    if (outcome.kind !== "completed" || outcome.conditionCode !== 0 || outcome.data === undefined) break;
    found.push(new DataView(outcome.data.buffer).getUint16(6).toString(16));
  }
  return found;
}

test("devices are attached in their order, with the numbers they ask for or what is left", () => {
  const bench = new ChannelBench();
  const console = {
    request: { type: "sclpconsole", id: undefined, at: undefined, properties: {} },
    device: {},
  };
  const devices = [created(), console, created("fe.0.0001"), created(), created("0.0.1000")];
  attachDevices(devices, target(bench));
  expect(numbers(bench)).toEqual(["0", "1", "2", "1000"]);
});

test("a virtio device is notified by its subchannel", () => {
  const bench = new ChannelBench();
  const { virtioDevices, channelSubsystem } = target(bench);
  const virtio = {
    function: { features: 0n, queueSizes: [8], available() {} },
    transport: {
      deviceId: 4,
      accessPlatform: false,
      packedRing: false,
      indirectDescriptors: true,
      eventIndex: true,
      maximumRevision: 2,
    },
  };
  attachDevices([created(), { ...created(), device: { virtio } }], { virtioDevices, channelSubsystem });
  expect(warnings).toEqual([
    "card-reader-3505 has iommu_platform=off: a protected guest's driver refuses it",
  ]);
  expect(virtioDevices.notify(0x10001n, 0n, 7n)).toBe(7n);
  expect(virtioDevices.notify(0x10001n, 1n, 7n)).toBe(-22n);
  expect(virtioDevices.notify(0x10000n, 0n, 7n)).toBe(-22n);
});

test("a number that two ask for, or that does not exist here, is refused", () => {
  const refused = (...devices: CreatedDevice[]): unknown => {
    try {
      return attachDevices(devices, target(new ChannelBench()));
    } catch (error) {
      return error;
    }
  };
  expect(refused(created("fe.0.0001"), created("0.0.0001"))).toMatchObject({ code: "LF-MACHINE-012" });
  expect(refused(created("1.0.0001"))).toMatchObject({ code: "LF-MACHINE-011" });
  expect(refused({ ...created("0.0.0001"), device: {} })).toMatchObject({ code: "LF-MACHINE-013" });
});

test("a device comes and goes while the machine runs, and the program is told each time", () => {
  const bench = new ChannelBench();
  const goal = target(bench);
  attachDevices([created()], goal);
  const plugged = plugDevice(created("fe.0.0007"), goal);
  expect(numbers(bench)).toEqual(["0", "7"]);
  expect(plugDevice(created(), goal).attachment.deviceNumber).toBe(1);
  expect(bench.css.reports.take()).toBe(0x03040001);
  expect(bench.css.reports.take()).toBe(0x03040002);
  expect(() => plugDevice(created("0.0.0007"), goal)).toThrow(/0\.0\.0007/);
  unplugDevice(plugged, goal);
  expect(bench.css.reports.take()).toBe(0x03040001);
  expect(numbers(bench)).toEqual(["0", "0", "1"]); // a hole, which has no device
  const console = {
    request: { type: "sclpconsole", id: undefined, at: undefined, properties: {} },
    device: {},
  };
  expect(() => plugDevice(console, goal)).toThrow("has no subchannel");
});
