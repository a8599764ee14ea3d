import { decodeEbcdic } from "@lockframe/architecture";
import { expect, test } from "vitest";
import { expandShortPsw } from "./short-psw.ts";
import {
  cpuIdentification,
  storeSystemInformation,
  type MachineDescription,
  type StsiOutcome,
} from "./system-information.ts";

const partition: MachineDescription = {
  machineType: 0x8561,
  manufacturer: "MAKER",
  model: "T01",
  sequence: "0000000000012345",
  plant: "02",
  cpus: { configured: 2, maximum: 6 },
  cpuId: 0x123456,
  partition: "PART1",
};
const machine: MachineDescription = {
  ...partition,
  virtualMachine: {
    name: "a guest with a long name",
    uuid: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
    controlProgram: "KVM/Linux",
  },
};

function stsi(
  functionCode: number,
  selector1 = 0,
  selector2 = 0,
  { description = machine, address = 0x4000n, gr0 = 0n, gr1 = 0n, cpuAddress = 0, problemState = false } = {},
): StsiOutcome {
  return storeSystemInformation(
    {
      gr0: gr0 | (BigInt(functionCode) << 28n) | BigInt(selector1),
      gr1: gr1 | BigInt(selector2),
      address,
      cpuAddress,
      problemState,
    },
    description,
  );
}

function sysib(...selectors: Parameters<typeof stsi>): DataView {
  const outcome = stsi(...selectors);
  if (outcome.kind !== "stored") throw new Error(outcome.kind);
  expect(outcome.sysib).toHaveLength(4096);
  return new DataView(outcome.sysib.buffer);
}

const text = (view: DataView, at: number, length: number): string =>
  decodeEbcdic(new Uint8Array(view.buffer, at, length));
const halfwords = (view: DataView, at: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => view.getUint16(at + 2 * i));

test("the level is that of a virtual machine, or of a partition without one", () => {
  expect(stsi(0, 0, 0, { gr0: 0xabcdef0000000000n, address: 1n })).toEqual({
    kind: "level",
    conditionCode: 0,
    gr0: 0xabcdef0030000000n,
  });
  expect(stsi(0, 0, 0, { description: partition })).toMatchObject({ gr0: 0x20000000n });
  expect(stsi(3, 2, 2, { description: partition })).toEqual({ kind: "unavailable", conditionCode: 3 });
});

test("1.1.1 names the machine", () => {
  const view = sysib(1, 1, 1);
  expect(text(view, 32, 16)).toBe("MAKER           ");
  expect(text(view, 48, 4)).toBe("8561");
  expect(text(view, 64, 16)).toBe("T01             ");
  expect(text(view, 80, 20)).toBe("000000000001234502  ");
});

test("1.2.1 and 2.2.1 name the CPU, 1.2.2 and 2.2.2 count them", () => {
  for (const level of [1, 2]) {
    const view = sysib(level, 2, 1, { cpuAddress: 3 });
    expect([text(view, 80, 16), view.getUint16(102)]).toEqual(["0000000000012345", 3]);
    expect(halfwords(sysib(level, 2, 2), 36, 4)).toEqual([6, 2, 0, 4]);
  }
  expect(sysib(1, 2, 2).getUint32(32)).not.toBe(0);
  const partition = sysib(2, 2, 2);
  expect([text(partition, 44, 8), partition.getUint32(52)]).toEqual(["PART1   ", 1000]);
});

test("3.2.2 describes the virtual machine as Linux reads it", () => {
  const view = sysib(3, 2, 2);
  expect(view.getUint8(31)).toBe(1);
  expect(halfwords(view, 36, 4)).toEqual([6, 2, 0, 4]);
  expect(text(view, 44, 8)).toBe("a guest ");
  expect(view.getUint32(52)).toBe(1000);
  expect(text(view, 56, 16)).toBe("KVM/Linux       ");
  expect(view.getUint8(75)).toBe(2);
  expect([view.getUint8(80), view.getUint8(95)]).toEqual([1, 16]);
  expect(new TextDecoder().decode(new Uint8Array(view.buffer, 2048, 25))).toBe("a guest with a long name\0");
});

test("a long name is cut at a character", () => {
  const virtualMachine = { name: "é".repeat(200), controlProgram: "KVM" };
  const view = sysib(3, 2, 2, {
    description: { ...machine, virtualMachine: { ...virtualMachine, name: `x${virtualMachine.name}` } },
  });
  const name = new Uint8Array(view.buffer, 2048, 256);
  expect([name[254], name[255]]).toEqual([0xa9, 0]);
  expect(view.getUint8(2048 + 256)).toBe(0);
});

test("what cannot be had is condition code 3", () => {
  for (const [functionCode, selector1, selector2] of [
    [1, 1, 2],
    [1, 0, 0],
    [2, 1, 1],
    [3, 1, 1],
    [4, 2, 2],
    [15, 1, 2],
  ] as const) {
    expect(stsi(functionCode, selector1, selector2)).toEqual({ kind: "unavailable", conditionCode: 3 });
  }
});

test("exceptions come in the order of the Principles of Operation", () => {
  const specification = { kind: "exception", code: 0x06 };
  expect(stsi(4, 0, 0, { gr0: 0x100n, address: 1n })).toEqual({ kind: "unavailable", conditionCode: 3 });
  expect(stsi(0, 0, 0, { gr0: 0x100n })).toEqual(specification);
  expect(stsi(1, 1, 1, { gr1: 0x10000n })).toEqual(specification);
  expect(stsi(1, 1, 1, { address: 0x4008n })).toEqual(specification);
  expect(stsi(1, 9, 9, { address: 0x4008n })).toEqual(specification);
  expect(stsi(0, 0, 0, { problemState: true })).toEqual({ kind: "exception", code: 0x02 });
});

test("STIDP tells version, number, type and format", () => {
  expect(cpuIdentification(machine)).toBe(0xff12345685618000n);
  expect(cpuIdentification(partition)).toBe(0x0012345685618000n);
});

test("a short PSW gives a PSW of 16 bytes with bit 12 inverted", () => {
  const expand = (hex: string): unknown => expandShortPsw(Uint8Array.from(Buffer.from(hex, "hex")));
  expect(expand("0008000180010000")).toEqual({ mask: 0x0000000180000000n, address: 0x10000n });
  expect(expand("000a0000800a0b0c")).toEqual({ mask: 0x0002000080000000n, address: 0x0a0b0cn });
  expect(expand("0000000000001000")).toEqual({ mask: 0x0008000000000000n, address: 0x1000n });
});
