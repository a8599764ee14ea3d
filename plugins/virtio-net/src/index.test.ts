import type { Frame } from "@lockframe/plugin-api";
import { describeDevice, FakeNetwork, FakeNetworks, VirtioBench } from "@lockframe/testkit/testing";
import { expect, test } from "vitest";
import plugin from "./index.ts";

const [definition] = plugin.devices;
if (definition === undefined) throw new Error("the plugin has no device");

describeDevice(definition, { config: { netdev: {} } });

const bit = { guestChecksum: 1n, guestSegments: 7n, mergeBuffers: 15n } as const;
const all = (1n << 64n) - 1n;
const without = (...bits: readonly bigint[]): bigint =>
  bits.reduce((mask, each) => mask & ~(1n << each), all);
const HEADER = 12;

function attached(features = all, properties: object = {}, revision = 2) {
  const networks = new FakeNetworks();
  const { virtio } = definition?.instantiate({ netdev: {}, ...properties }, { networks }) ?? {};
  if (virtio === undefined) throw new Error("it is no virtio device");
  const bench = new VirtioBench(virtio.function);
  const [receive, transmit, control] = bench.start({ features, revision });
  const network = networks.opened[0] ?? new FakeNetwork();
  if (receive === undefined || transmit === undefined || control === undefined) throw new Error("no queues");
  return { bench, network, receive, transmit, control };
}

const frameOf = (length: number, from = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at + from) & 0xff);
const frame = (...parts: readonly Uint8Array[]): Frame => ({ parts });

test("frames of the guest reach the network without their header", () => {
  const { network, transmit } = attached();
  const sent = frameOf(80);
  transmit.request([new Uint8Array(HEADER), sent.subarray(0, 14), sent.subarray(14)], [1]);
  expect(network.sent).toEqual([sent]);
  transmit.request([new Uint8Array(HEADER), new Uint8Array(10)], [1]); // no frame
  transmit.request([new Uint8Array(HEADER), new Uint8Array(80_000)], [1]); // longer than any
  expect(network.sent.length).toBe(1);
});

test("frames for the guest wait for room, and come in order with their header", () => {
  const { network, receive } = attached();
  network.give(frame(frameOf(60), frameOf(4)), frame(frameOf(70)));
  expect(network.waiting).toBe(2);
  receive.add([], [1600]);
  receive.add([], [1600]);
  receive.notify();
  const first = receive.used();
  expect(first?.length).toBe(HEADER + 64);
  const header = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
  const whole = Buffer.concat([header, frameOf(60), frameOf(4)]);
  expect(Buffer.from(first?.bytes ?? []).subarray(0, HEADER + 64)).toEqual(whole);
  expect(receive.used()?.length).toBe(HEADER + 70);
});

test("a large frame takes several buffers, and says how many", () => {
  const { network, receive } = attached();
  for (let i = 0; i < 2; i++) receive.add([], [500]);
  receive.notify();
  network.give({
    parts: [frameOf(54), frameOf(1200)],
    checksum: { start: 34, offset: 16 },
    segments: { headers: 54, size: 400 },
  });
  expect(receive.used()).toBeUndefined(); // the third buffer is missing
  receive.add([], [500]);
  receive.notify();
  const used = [receive.used(), receive.used(), receive.used()];
  expect(used.map((each) => each?.length)).toEqual([500, 500, HEADER + 1254 - 1000]);
  const header = Buffer.from(used[0]?.bytes ?? []);
  expect([header[0], header[1], header.readUInt16LE(2), header.readUInt16LE(4)]).toEqual([1, 1, 54, 400]);
  expect([header.readUInt16LE(6), header.readUInt16LE(8), header.readUInt16LE(10)]).toEqual([34, 16, 3]);
  const whole = Buffer.concat(used.map((each) => each?.bytes.subarray(0, each.length) ?? new Uint8Array()));
  expect(whole.subarray(HEADER)).toEqual(Buffer.concat([frameOf(54), frameOf(1200)]));
});

test("a driver that wants checksums gets them", () => {
  const { network, receive } = attached(without(bit.guestChecksum, bit.guestSegments));
  expect(network.abilities).toEqual({ mtu: 1500, segments: false });
  receive.add([], [200]);
  receive.notify();
  // UDP from 10.0.2.2:53 to 10.0.2.15:53, 10 bytes in all: the pseudo-header's sum stands in the checksum's place.
  const bytes = Buffer.from("0035003500" + "0a" + "18" + "34" + "6869", "hex");
  network.give({ parts: [new Uint8Array(34), bytes], checksum: { start: 34, offset: 6 } });
  const used = Buffer.from(receive.used()?.bytes ?? []);
  const sum = 0x0035 + 0x0035 + 0x000a + 0x1834 + 0x6869;
  expect(used.readUInt16BE(HEADER + 34 + 6)).toBe(~sum & 0xffff);
  expect(used[0]).toBe(0);
});

test("a driver of old has a shorter header and one buffer for each frame", () => {
  const { network, receive, transmit } = attached(without(bit.mergeBuffers), {}, 0);
  receive.add([], [1526]);
  receive.notify();
  network.give({ parts: [frameOf(60)], checksum: { start: 34, offset: 6 } });
  const used = receive.used();
  expect(used?.length).toBe(10 + 60);
  expect(Buffer.from(used?.bytes ?? []).readUInt16BE(6)).toBe(34); // in the guest's own byte order
  transmit.request([new Uint8Array(10), frameOf(60)], [1]);
  expect(network.sent).toEqual([frameOf(60)]);
});

test("a frame that fits no buffer is lost, and the next one comes", () => {
  const { network, receive } = attached(without(bit.mergeBuffers));
  receive.add([], [100]);
  receive.add([], [100]);
  receive.notify();
  network.give(frame(frameOf(200)), frame(frameOf(60)));
  expect(receive.used()?.length).toBe(0);
  expect(receive.used()?.length).toBe(HEADER + 60);
});

test("the control queue takes modes and addresses, and refuses the rest", () => {
  const { bench, control } = attached();
  const ask = (...bytes: readonly number[]): number | undefined =>
    control.request([Uint8Array.from(bytes)], [1]).bytes[0];
  expect(ask(0, 0, 1)).toBe(0);
  expect(ask(1, 0, 0, 0, 0, 0, 0, 0, 0, 0)).toBe(0);
  expect(ask(1, 1, 2, 3, 4, 5, 6, 7)).toBe(0);
  expect(bench.read(0x22, 6)).toEqual(Uint8Array.of(2, 3, 4, 5, 6, 7));
  expect(ask(1, 1, 3, 3, 4, 5, 6, 7)).toBe(1); // a group's
  expect(ask(4, 0, 2, 0)).toBe(1);
  expect(ask(9)).toBe(1);
});

test("addresses are those that were given, or the machine's own choice", () => {
  expect(attached(all, { mac: "52:54:00:aa:bb:cc" }).bench.read(0x22, 8)).toEqual(
    Uint8Array.of(0x52, 0x54, 0, 0xaa, 0xbb, 0xcc, 1, 0),
  );
  expect(attached().bench.read(0x22, 6)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0));
  expect(() => attached(all, { mac: "01:00:5e:00:00:01" })).toThrow(
    expect.objectContaining({ code: "LF-NET-010" }),
  );
});

test("an interface without a network has its link down, and takes frames all the same", () => {
  const { virtio } = definition.instantiate({}, { networks: new FakeNetworks() });
  if (virtio === undefined) throw new Error("it is no virtio device");
  const bench = new VirtioBench(virtio.function);
  const [, transmit] = bench.start();
  expect(Buffer.from(bench.read(0x22, 8)).readUInt16LE(6)).toBe(0);
  expect(transmit?.request([new Uint8Array(HEADER), frameOf(80)], [1])).toBeDefined();
});
