import { ChannelBench } from "@lockframe/channel-subsystem/testing";
import { expect, test } from "vitest";
import { attachDevices, type CreatedDevice } from "./attach-devices.ts";

function created(at?: string): CreatedDevice {
  const senseId = { cuType: 0x3505, cuModel: 0, deviceType: 0, deviceModel: 0 };
  return {
    request: { type: "card-reader-3505", id: undefined, at, properties: {} },
    device: { channel: { senseId, commands: {} } },
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
  attachDevices([created(), console, created("fe.0.0001"), created(), created("0.0.1000")], bench.css);
  expect(numbers(bench)).toEqual(["0", "1", "2", "1000"]);
});

test("a number that two ask for, or that does not exist here, is refused", () => {
  const { css } = new ChannelBench();
  expect(() => attachDevices([created("fe.0.0001"), created("0.0.0001")], css)).toThrow(
    expect.objectContaining({ code: "LF-MACHINE-012" }),
  );
  expect(() => attachDevices([created("1.0.0001")], css)).toThrow(
    expect.objectContaining({ code: "LF-MACHINE-011" }),
  );
});
