import { expect, test } from "vitest";
import type { MachineInformation } from "./machine-information.ts";
import { ServiceProcessor } from "./service-processor.ts";
import { call, sccb } from "./testing.ts";

const READ_SCP_INFO = 0x00020001;
const READ_SCP_INFO_FORCED = 0x00120001;
const READ_CPU_INFO = 0x00010001;
const READ_STORAGE_INFO = 0x00040001;
const GIB = 2 ** 30;

function processor(machine: Partial<MachineInformation> = {}): ServiceProcessor {
  return new ServiceProcessor({
    machine: { storageSize: GIB, cpus: { configured: 2, maximum: 4 }, extendedLengthSccb: true, ...machine },
    signal: () => undefined,
  });
}

test("Linux's first question, a block of three pages, finds storage and CPUs", () => {
  const asked = sccb(3 * 4096, { functionCode: 0x80, variable: true });
  const { response, view, signal } = call(
    processor({ loadParameter: "PROMPT" }),
    READ_SCP_INFO_FORCED,
    asked,
  );
  expect(response).toBe(0x0010);
  expect(view.getUint16(8) * view.getUint8(10) * 2 ** 20).toBe(GIB);
  expect(view.getUint16(16)).toBe(2);
  expect(view.getUint16(18)).toBe(144);
  expect(view.getUint16(120)).toBe(3);
  expect([...new Uint8Array(view.buffer, 24, 8)]).toEqual([0xd7, 0xd9, 0xd6, 0xd4, 0xd7, 0xe3, 0x40, 0x40]);
  expect(view.getUint8(48)).toBe(0x08);
  expect([view.getUint8(144), view.getUint8(160)]).toEqual([0, 1]);
  expect(signal).toBe(0x11000);
});

test("without the extended-length facility, CPU entries start at byte 128", () => {
  const { view } = call(processor({ extendedLengthSccb: false }), READ_SCP_INFO, sccb(4096));
  expect(view.getUint16(18)).toBe(128);
});

test("a block that is too short is told the length needed, if it may vary", () => {
  const extended = processor();
  const short = call(extended, READ_SCP_INFO, sccb(144, { variable: true }));
  expect([short.response, short.view.getUint16(0)]).toEqual([0x0300, 144 + 4 * 16]);
  const fixed = call(extended, READ_SCP_INFO, sccb(144));
  expect([fixed.response, fixed.view.getUint16(0)]).toEqual([0x0300, 144]);
  const plain = call(processor({ extendedLengthSccb: false }), READ_CPU_INFO, sccb(40, { variable: true }));
  expect([plain.response, plain.view.getUint16(0)]).toEqual([0x0300, 40]);
});

test("only these commands, and only with the facility, may pass the end of the page", () => {
  const twoPages = sccb(8192);
  expect(call(processor(), READ_CPU_INFO, twoPages).response).toBe(0x0010);
  expect(call(processor({ extendedLengthSccb: false }), READ_CPU_INFO, twoPages).response).toBe(0x0100);
  expect(call(processor(), 0x00770005, twoPages).response).toBe(0x0100);
  expect(call(processor({ extendedLengthSccb: false }), READ_SCP_INFO, sccb(256), 0x11f08).response).toBe(
    0x0100,
  );
  expect(call(processor({ extendedLengthSccb: false }), READ_SCP_INFO, sccb(256), 0x11f00).response).toBe(
    0x0010,
  );
});

test("a block of three pages of which one page was copied is answered in that page", () => {
  const onePage = sccb(4096, { variable: true, stated: 3 * 4096 });
  expect(call(processor(), READ_SCP_INFO, onePage).response).toBe(0x0010);
  expect(call(processor(), READ_SCP_INFO, onePage.subarray(0, 100)).response).toBe(0x0100);
});

test("storage beyond what two bytes count is told in the wide fields", () => {
  const large = call(processor({ storageSize: (2 ** 17 + 1) * 2 ** 20 }), READ_SCP_INFO, sccb(4096)).view;
  expect([large.getUint16(8), large.getUint8(10)]).toEqual([0, 1]);
  expect(large.getBigUint64(104)).toBe(2n ** 17n + 1n);
  const huge = call(processor({ storageSize: 2 ** 40 }), READ_SCP_INFO, sccb(4096)).view;
  expect([huge.getUint16(8), huge.getUint8(10), huge.getUint32(100)]).toEqual([512, 0, 2048]);
});

test("a protected guest is not told of what serves SIE", () => {
  const sclp = processor({
    characteristics: ["gsls", "esop", "sca64", "cmma", "kss", "diagnose318"],
    cpuFeatures: ["sief2", "skey", "cei"],
    topologyNesting: 2,
  });
  const told = (): number[] => {
    const { bytes } = call(sclp, READ_SCP_INFO, sccb(4096));
    return [15, 85, 98, 116, 134, 146, 151].map((at) => bytes[at] ?? -1);
  };
  expect(told()).toEqual([2, 0x82, 0x01, 0xc0, 0x80, 0x0c, 0x10]);
  sclp.protectedGuest = true;
  expect(told()).toEqual([0, 0x02, 0, 0, 0, 0, 0]);
});

test("Read CPU Info lists configured CPUs and no standby ones", () => {
  const { response, view } = call(processor(), READ_CPU_INFO, sccb(4096));
  expect(response).toBe(0x0010);
  expect([8, 10, 12, 14].map((at) => view.getUint16(at))).toEqual([2, 24, 0, 56]);
  expect(view.getUint8(40)).toBe(1);
});

test("the storage element is listed where it is offered, and an unknown command where it is not", () => {
  const offered = processor({ characteristics: ["storageElementInformation"] });
  expect(call(offered, READ_SCP_INFO, sccb(4096)).view.getUint8(50)).toBe(0x40);
  const { response, view } = call(offered, READ_STORAGE_INFO, sccb(4096));
  expect(response).toBe(0x0010);
  const size = call(offered, READ_SCP_INFO, sccb(4096)).view.getUint8(10) * 2 ** 20;
  expect(view.getUint16(10) * size).toBe(GIB);
  expect([view.getUint32(16), view.getUint32(20)]).toEqual([0x10000, 0x20000]);
  expect(call(offered, READ_STORAGE_INFO | 0x100, sccb(4096)).response).toBe(0x01f0);
  expect(call(processor(), READ_STORAGE_INFO, sccb(4096)).response).toBe(0x01f0);
});

test("what the program left in the block does not survive in the response", () => {
  const dirty = sccb(4096, {}, new Uint8Array(1000).fill(0xff));
  const clean = call(processor(), READ_SCP_INFO, sccb(4096)).bytes.subarray(0, 176);
  expect(call(processor(), READ_SCP_INFO, dirty).bytes.subarray(0, 176)).toEqual(clean);
});

test("the block given is left as it was", () => {
  const asked = sccb(4096);
  const before = asked.slice();
  call(processor(), READ_SCP_INFO, asked);
  expect(asked).toEqual(before);
});

test("a machine that cannot be described is refused by name", () => {
  expect(() => processor({ storageSize: GIB + 1 })).toThrow(expect.objectContaining({ code: "LF-SCLP-001" }));
  for (const cpus of [
    { configured: 0, maximum: 1 },
    { configured: 2, maximum: 1 },
    { configured: 1, maximum: 248 },
  ]) {
    expect(() => processor({ cpus })).toThrow(expect.objectContaining({ code: "LF-SCLP-002" }));
  }
  expect(() => processor({ cpus: { configured: 1, maximum: 247 } })).not.toThrow();
});
