import { encodeEbcdic } from "@lockframe/architecture";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Diagnose308, type IplAction } from "./diagnose-308.ts";
import { ccwParameterBlock, IplParameterBlock } from "./ipl-parameter-block.ts";

const SIZE = 0x40000;
const AT = 0x3000n;

interface Machine {
  diagnose308: Diagnose308;
  storage: Uint8Array;
  loadParameters: string[];
  issue(
    subcode: number | bigint,
    options?: { address?: bigint; r1?: number; protectedGuest?: boolean; problemState?: boolean },
  ): IplAction;
}

function machine({ unpackFacility = true } = {}): Machine {
  const storage = new Uint8Array(SIZE);
  const loadParameters: string[] = [];
  const diagnose308 = new Diagnose308({
    storage: {
      size: SIZE,
      read: (address, length) => storage.slice(address, address + length),
      write: (address, bytes) => storage.set(bytes, address),
    },
    unpackFacility,
    setLoadParameter: (text) => loadParameters.push(text),
  });
  return {
    diagnose308,
    storage,
    loadParameters,
    issue: (subcode, { address = AT, r1 = 2, protectedGuest = false, problemState = false } = {}) =>
      diagnose308.execute({
        r1,
        r3: 4,
        gr: (register) => (register === r1 ? address : register === 4 ? BigInt(subcode) : 0n),
        protectedGuest,
        problemState,
        prefix: 0,
      }),
  };
}

const specification = { kind: "exception", code: 0x06 };
const answered = (code: number, register = 3): IplAction => ({
  kind: "resume",
  registers: new Map([[register, BigInt(code)]]),
});

interface Component {
  tweak: bigint;
  address: bigint;
  size: bigint;
}

function protectedBlock(
  changes: {
    length?: number;
    type?: number;
    headerAddress?: bigint;
    headerSize?: bigint;
    count?: number;
    components?: Component[];
  } = {},
): Uint8Array {
  const components = changes.components ?? [
    { tweak: 0x28n << 48n, address: 0x15000n, size: 0x2000n },
    { tweak: 0x46n << 48n, address: 0x17000n, size: 0x1000n },
  ];
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, changes.length ?? 0x88 + 24 * components.length);
  bytes[0x0c] = changes.type ?? 5;
  bytes[0x6f] = 1;
  view.setUint32(0x74, changes.count ?? components.length);
  view.setBigUint64(0x78, changes.headerAddress ?? 0x14000n);
  view.setBigUint64(0x80, changes.headerSize ?? 640n);
  components.forEach(({ tweak, address, size }, i) => {
    [tweak, address, size].forEach((value, field) => view.setBigUint64(0x88 + 24 * i + 8 * field, value));
  });
  return bytes;
}

test("subcodes 0 and 1 keep the machine and its IPL block, and reset CPUs as they say", () => {
  const { issue } = machine();
  expect(issue(0)).toEqual({ kind: "reset", issuingCpu: "clear", otherCpus: "clear", unshareAll: false });
  expect(issue(1)).toEqual({ kind: "reset", issuingCpu: "initial", otherCpus: "normal", unshareAll: false });
  expect(issue(1, { r1: 1 }).kind).toBe("reset"); // the loader of disks uses an odd register
  expect(issue(0, { protectedGuest: true })).toMatchObject({ kind: "reset", unshareAll: true });
  expect(issue(1, { protectedGuest: true })).toMatchObject({ kind: "reset", unshareAll: true });
});

test("subcodes 3 and 4 IPL again, from the block that was set; a protected guest has 3 alone", () => {
  const { issue, storage } = machine();
  expect(issue(3)).toEqual({ kind: "re-ipl", block: undefined });
  expect(issue(4)).toEqual({ kind: "re-ipl", block: undefined });
  expect(issue(3, { protectedGuest: true })).toEqual({ kind: "re-ipl", block: undefined });
  expect(issue(4, { protectedGuest: true })).toEqual(specification);
  storage.set(ccwParameterBlock({ subchannelSet: 1, number: 0x1234, loadParameter: "2" }).bytes, Number(AT));
  issue(5);
  const again = issue(4);
  expect(again.kind === "re-ipl" && again.block?.device).toEqual({ subchannelSet: 1, number: 0x1234 });
});

test("what does not exist is a specification exception, the program's state a privileged-operation exception", () => {
  const { issue } = machine();
  for (const subcode of [2, 7, 11, 0x101, 0xffff, 0x10001, 0xffffffffffffffffn, 1n << 32n]) {
    expect(issue(subcode)).toEqual(specification);
  }
  expect(issue(1, { problemState: true })).toEqual({ kind: "exception", code: 0x02 });
  expect(issue(0x10001, { problemState: true })).toEqual({ kind: "exception", code: 0x02 });
});

test("subcodes 8 to 10 need the unpack facility and a guest that is not protected", () => {
  for (const subcode of [8, 9, 10]) {
    expect(machine({ unpackFacility: false }).issue(subcode)).toEqual(specification);
    expect(machine().issue(subcode, { protectedGuest: true })).toEqual(specification);
  }
});

test("the operand of 5, 6, 8 and 9 is a page in storage, its register even", () => {
  const { issue } = machine();
  for (const subcode of [5, 6, 8, 9]) {
    expect(issue(subcode, { r1: 3 })).toEqual(specification);
    expect(issue(subcode, { address: AT + 8n })).toEqual(specification);
    expect(issue(subcode, { address: BigInt(SIZE) })).toEqual({ kind: "exception", code: 0x05 });
    expect(issue(subcode, { address: 0xfffffffffffff000n })).toEqual({ kind: "exception", code: 0x05 });
    expect(issue(subcode, { address: BigInt(SIZE) - 0x1000n }).kind).toBe("resume");
  }
});

test("a CCW block is set, tells its load parameter, and is stored again byte for byte", () => {
  const { issue, storage, loadParameters } = machine();
  expect(issue(6)).toEqual(answered(0x0102));
  const { bytes } = ccwParameterBlock({ subchannelSet: 0, number: 0xabcd, loadParameter: "PROMPT" });
  storage.set(bytes, Number(AT));
  expect(issue(5)).toEqual(answered(0x0001));
  expect(loadParameters).toEqual(["PROMPT  "]);
  storage.fill(0xee);
  expect(issue(6, { address: 0x5000n, r1: 14 })).toEqual(answered(0x0001, 15));
  expect(storage.subarray(0x5000, 0x5000 + 200)).toEqual(bytes);
  expect(storage[0x5000 + 200]).toBe(0xee);
});

test("a block without valid load parameter blanks that of the machine", () => {
  const { issue, storage, loadParameters } = machine();
  const { bytes } = ccwParameterBlock({ subchannelSet: 0, number: 1, loadParameter: "X" });
  bytes[0x0d] = 0;
  storage.set(bytes, Number(AT));
  issue(5);
  expect(loadParameters).toEqual([""]);
});

test("blocks that subcode 5 refuses change nothing", () => {
  const { issue, storage, loadParameters } = machine();
  const refused = (length: number, type: number): void => {
    storage.fill(0);
    new DataView(storage.buffer).setUint32(Number(AT), length);
    storage[Number(AT) + 0x0c] = type;
    expect(issue(5)).toEqual(answered(0x0402));
  };
  for (const length of [0, 3, 8, 15, 199, 4097, 0xffffffff]) refused(length, 2);
  refused(383, 0);
  for (const type of [1, 3, 4, 5, 0xff]) refused(4096, type);
  expect(issue(6)).toEqual(answered(0x0102));
  expect(loadParameters).toEqual([]);
});

test("an FCP block is long enough from 384 bytes", () => {
  const { issue, storage } = machine();
  new DataView(storage.buffer).setUint32(Number(AT), 384);
  expect(issue(5)).toEqual(answered(0x0001));
});

test("an external reset forgets the block of subcode 5, not the protected one", () => {
  const { issue, storage, diagnose308 } = machine();
  storage.set(ccwParameterBlock({ subchannelSet: 0, number: 1, loadParameter: "" }).bytes, Number(AT));
  issue(5);
  storage.set(protectedBlock(), Number(AT));
  issue(8);
  diagnose308.externalReset();
  expect(issue(6)).toEqual(answered(0x0102));
  expect(issue(9)).toEqual(answered(0x0001));
});

test("a protected block is set apart from the other, stored again, and started from", () => {
  const { issue, storage } = machine();
  expect(issue(9)).toEqual(answered(0x0102));
  expect(issue(10)).toEqual({ ...answered(0x0902), refused: "none was set" });
  const bytes = protectedBlock();
  storage.set(bytes, Number(AT));
  expect(issue(8)).toEqual(answered(0x0001));
  expect(issue(6)).toEqual(answered(0x0102));
  storage.fill(0);
  expect(issue(9)).toEqual(answered(0x0001));
  expect(storage.subarray(Number(AT), Number(AT) + 0x88 + 48)).toEqual(bytes.subarray(0, 0x88 + 48));
  const start = issue(10, { r1: 6, address: 0n });
  expect(start).toMatchObject({
    kind: "start-protected",
    issuingCpu: "normal",
    otherCpus: "clear",
    failureRegister: 7,
  });
  expect(start.kind === "start-protected" && [...start.block.bytes]).toEqual([
    ...bytes.subarray(0, 0x88 + 48),
  ]);
});

test("protected blocks are accepted by the rules of subcode 8", () => {
  const { issue, storage } = machine();
  const offer = (bytes: Uint8Array): IplAction => {
    storage.set(bytes, Number(AT));
    return issue(8);
  };
  const component = { tweak: 1n, address: 0x15000n, size: 0x1000n };
  expect(offer(protectedBlock({ length: 4096 }))).toEqual(answered(0x0001)); // as some builders claim
  expect(offer(protectedBlock({ headerSize: 8192n }))).toEqual(answered(0x0001));
  for (const wrong of [
    { type: 2 },
    { length: 147 },
    { length: 4097 },
    { length: 0x88 + 47 },
    { headerSize: 8193n },
    { headerAddress: BigInt(SIZE) - 639n },
    { headerAddress: 0xffffffffffffffffn },
    { count: 0 },
    { count: 3 },
    { count: 0xffffffff },
    { components: [{ ...component, address: 0x15001n }] },
    { components: [{ ...component, address: 0x15800n }] },
    { components: [component, component] },
    { components: [{ ...component, tweak: 2n }, component] },
  ]) {
    expect(
      offer(protectedBlock(wrong)),
      JSON.stringify(wrong, (_, v) => (typeof v === "bigint" ? `${v}` : v)),
    ).toEqual({ ...answered(0x0402), refused: expect.stringMatching(/./) });
  }
});

test("a load parameter ends at the first zero byte", () => {
  const bytes = new Uint8Array(200);
  bytes[0x0d] = 0x80;
  bytes.set(encodeEbcdic("12"), 0x10);
  expect(new IplParameterBlock(bytes).loadParameter).toBe("12");
  bytes.set(encodeEbcdic("12345678X"), 0x10);
  expect(new IplParameterBlock(bytes).loadParameter).toBe("12345678");
});

test("no block makes DIAGNOSE 308 throw or store outside its operand", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 11 }), fc.uint8Array({ maxLength: 300 }), (subcode, bytes) => {
      const { issue, storage } = machine();
      storage.set(bytes, Number(AT));
      issue(subcode);
      issue(6);
      issue(9);
      expect(storage.subarray(0, Number(AT)).every((byte) => byte === 0)).toBe(true);
    }),
  );
});
