import {
  bytes,
  describeDevice,
  type DriverQueue,
  FakePort,
  FakePorts,
  VirtioBench,
} from "@lockframe/testkit/testing";
import { expect, test, vi } from "vitest";
import plugin from "./index.ts";

const [definition] = plugin.devices;
if (definition === undefined) throw new Error("the plugin has no device");

const two = [
  { chardev: "con", console: true },
  { chardev: "agent", name: "org.example.agent" },
];
describeDevice(definition, { config: { ports: two } });

const [DEVICE_READY, PORT_ADD, PORT_READY, CONSOLE_PORT, PORT_OPEN, PORT_NAME] = [0, 1, 3, 4, 6, 7];
const MULTIPORT = 2n;

function attached(ports: readonly object[] = two) {
  const characterPorts = new FakePorts();
  const { virtio } = definition?.instantiate({ ports }, { characterPorts }) ?? {};
  if (virtio === undefined) throw new Error("it is no virtio device");
  const bench = new VirtioBench(virtio.function);
  const end = (name: string): FakePort => characterPorts.opened.get(name) ?? new FakePort();
  return { bench, end };
}

/** A message in the driver's byte order. */
const message = (port: number, event: number, value: number): Uint8Array =>
  Buffer.concat(
    [[4, port] as const, [2, event] as const, [2, value] as const].map((each) => bytes(each).reverse()),
  );

function received(queue: DriverQueue | undefined): string[] {
  const found: string[] = [];
  for (let used = queue?.used(); used !== undefined; used = queue?.used()) {
    const view = Buffer.from(used.bytes);
    const text = view.subarray(8, used.length).toString();
    found.push(`${view.readUInt32LE(0)} ${view.readUInt16LE(4)} ${view.readUInt16LE(6)} ${text}`.trim());
  }
  return found;
}

test("a driver is told of the ports, and of their names and uses when it is ready for them", () => {
  const { bench } = attached();
  const [, , control, tell] = bench.start();
  for (let i = 0; i < 8; i++) control?.add([], [64]);
  control?.notify();
  tell?.request([message(0, DEVICE_READY, 1)], [1]);
  expect(received(control)).toEqual([`0 ${PORT_ADD} 1`, `1 ${PORT_ADD} 1`]);
  tell?.request([message(0, PORT_READY, 1)], [1]);
  tell?.request([message(1, PORT_READY, 1)], [1]);
  tell?.request([message(9, PORT_READY, 1)], [1]);
  expect(received(control)).toEqual([
    `0 ${CONSOLE_PORT} 1`,
    `0 ${PORT_OPEN} 1`,
    `1 ${PORT_NAME} 1 org.example.agent`,
    `1 ${PORT_OPEN} 1`,
  ]);
});

test("messages wait for room", () => {
  const { bench } = attached();
  const [, , control, tell] = bench.start();
  tell?.request([message(0, DEVICE_READY, 1)], [1]);
  control?.add([], [64]);
  control?.notify();
  expect(received(control)).toEqual([`0 ${PORT_ADD} 1`]);
});

test("output reaches the host, input the guest once its port is open and there is room", () => {
  const { bench, end } = attached();
  const [room, output, , tell, agentRoom, agentOutput] = bench.start();
  output?.request([Buffer.from("hello "), Buffer.from("host")], [1]);
  agentOutput?.request([Buffer.from("agent")], [1]);
  expect([end("con").output, end("agent").output]).toEqual(["hello host", "agent"]);
  end("con").type("typed early");
  room?.add([], [5]);
  room?.notify();
  expect(room?.used()).toBeUndefined();
  tell?.request([message(0, PORT_OPEN, 1)], [1]);
  expect(Buffer.from(room?.used()?.bytes ?? []).toString()).toBe("typed");
  room?.add([], [100]);
  room?.notify();
  expect(room?.used()?.length).toBe(6);
  agentRoom?.add([], [10]);
  tell?.request([message(1, PORT_OPEN, 1)], [1]);
  end("agent").type("now");
  expect(agentRoom?.used()?.length).toBe(3);
});

test("a driver of one port needs no messages", () => {
  const { bench, end } = attached();
  const [room] = bench.start({ features: ~MULTIPORT });
  room?.add([], [10]);
  room?.notify();
  end("con").type("hi");
  expect(room?.used()?.length).toBe(2);
});

test("a host that is behind holds the guest's output back", async () => {
  const { bench, end } = attached();
  const port = end("con");
  let ready: () => void = () => undefined;
  vi.spyOn(port, "write").mockImplementationOnce(() => false);
  vi.spyOn(port, "drained").mockReturnValueOnce(new Promise((resolve) => (ready = resolve)));
  const [, output] = bench.start();
  output?.request([Buffer.from("one")], [1]);
  output?.add([Buffer.from("two")], [1]);
  output?.notify();
  expect(output?.used()).toBeUndefined();
  ready();
  await vi.waitFor(() => expect(port.output).toBe("two"));
});
