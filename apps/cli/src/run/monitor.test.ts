import { LockframeError } from "@lockframe/architecture";
import { expect, test } from "vitest";
import { obeyMonitor, type MonitorOptions } from "./monitor.ts";

function setUp() {
  const calls: string[] = [];
  const options: MonitorOptions = {
    machine: () => ({
      devices: [
        { type: "virtio-rng-ccw", id: undefined, subchannel: "0.0.0000", deviceNumber: "0.0.0001" },
        { type: "virtio-blk-ccw", id: "d", subchannel: "0.0.0001", deviceNumber: "0.0.1000" },
      ],
      plug: ({ type }) => {
        calls.push(`plug ${type}`);
        return Promise.resolve("0.0.0002");
      },
      unplug: (id) =>
        id === "d"
          ? Promise.resolve(void calls.push(`unplug ${id}`))
          : Promise.reject(new LockframeError("LF-MACHINE-016", `there is no device '${id}'`)),
      requestShutdown: () => false,
    }),
    parseDevice: (text) => ({ type: text }),
    quit: () => calls.push("quit"),
  };
  return { calls, say: (line: string) => obeyMonitor(line, options) };
}

test("devices come and go, and mistakes are told of", async () => {
  const { calls, say } = setUp();
  expect(await say("device_add virtio-rng-ccw")).toBe("plugged as 0.0.0002");
  expect(await say("device_del d")).toBe("");
  expect(await say("device_del x")).toBe("Error: LF-MACHINE-016: there is no device 'x'");
  expect(await say("quit")).toBe("");
  expect(calls).toEqual(["plug virtio-rng-ccw", "unplug d", "quit"]);
});

test("what there is, and what is not known", async () => {
  const { say } = setUp();
  const [head, , disk] = (await say("info subchannels")).split("\n");
  expect(head).toMatch(/^subchannel +device +type +id/);
  expect(disk).toMatch(/^0\.0\.0001 +0\.0\.1000 +virtio-blk-ccw +d/);
  expect(await say("info weather")).toBe("unknown: info weather");
  expect(await say("dance")).toBe("unknown command: 'dance'; there is help");
  expect(await say("help")).toContain("device_add");
  expect(await say("system_powerdown")).toBe("the guest does not listen for that");
});
