import fc from "fast-check";
import { expect, test } from "vitest";
import { AsciiConsole } from "./ascii-console.ts";
import { LineConsole } from "./line-console.ts";
import { ServiceProcessor } from "./service-processor.ts";
import { SignalQuiesce } from "./signal-quiesce.ts";
import { call, event, sccb, setMasks } from "./testing.ts";

const READ = 0x00770005;
const WRITE = 0x00760005;
const WRITE_MASK = 0x00780005;
const MASK = { operatorCommand: 0x80000000, message: 0x40000000, ascii: 0x40, quiesce: 0x08 };

function machine(): {
  sclp: ServiceProcessor;
  ascii: AsciiConsole;
  line: LineConsole;
  quiesce: SignalQuiesce;
  shown: string[];
  signals: number[];
} {
  const shown: string[] = [];
  const signals: number[] = [];
  const output = (bytes: Uint8Array): void => void shown.push(new TextDecoder("latin1").decode(bytes));
  const ascii = new AsciiConsole({ output });
  const line = new LineConsole({ output });
  const quiesce = new SignalQuiesce();
  const sclp = new ServiceProcessor({
    machine: { storageSize: 2 ** 28, cpus: { configured: 1, maximum: 1 }, extendedLengthSccb: true },
    events: [ascii, line, quiesce],
    signal: (parameter) => signals.push(parameter),
  });
  return { sclp, ascii, line, quiesce, shown, signals };
}

const text = (s: string): Uint8Array => new TextEncoder().encode(s);

test("masks of 8 bytes: what the machine takes and sends comes back behind the program's own", () => {
  const { response, view } = setMasks(machine().sclp, 0, 0);
  expect(response).toBe(0x0020);
  expect(view.getUint32(28)).toBe(0x40800040);
  expect(view.getUint32(36)).toBe(0x80800048);
  expect([view.getUint32(32), view.getUint32(40)]).toEqual([0, 0]);
});

test("masks of any length from 1 to 1021 bytes are understood, none longer or empty", () => {
  const { sclp } = machine();
  const withLength = (length: number, stated: number): number => {
    const block = sccb(4096, { stated });
    new DataView(block.buffer).setUint16(10, length);
    return call(sclp, WRITE_MASK, block).response;
  };
  expect([1, 4, 5, 8, 9, 1021].map((length) => withLength(length, 4096))).toEqual(Array(6).fill(0x0020));
  expect([0, 1022, 0xffff].map((length) => withLength(length, 4096))).toEqual(Array(3).fill(0x74f0));
  expect([withLength(4, 27), withLength(4, 28), withLength(4, 11)]).toEqual([0x0300, 0x0020, 0x0300]);
});

test("a mask of 4 bytes covers the types that fit", () => {
  const { sclp } = machine();
  const block = sccb(28, {}, [0, 0, 0, 4, 0x80, 0, 0, 0x40]);
  const { view } = call(sclp, WRITE_MASK, block);
  expect([view.getUint32(20), view.getUint32(24)]).toEqual([0x40800040, 0x80800048]);
  expect([sclp.receives(0x01), sclp.receives(0x1a), sclp.receives(0x1d)]).toEqual([true, true, false]);
});

test("characters written to the ASCII console are shown as they are", () => {
  const { sclp, shown } = machine();
  const written = event(0x1a, text("Hello\r\n\x1b[1m"));
  const { response, bytes } = call(sclp, WRITE, sccb(8 + written.length, {}, written));
  expect(response).toBe(0x0020);
  expect(bytes[8 + 3]).toBe(0x80);
  expect(shown).toEqual(["Hello\r\n\x1b[1m"]);
});

test("after the first refused buffer none is processed, and the flags tell which were", () => {
  const { sclp, shown } = machine();
  const buffers = [event(0x1a, text("one")), event(0x33, [1]), event(0x1a, text("two"))];
  const data = buffers.flatMap((buffer) => [...buffer]);
  data[9 + 3] = 0x80; // a flag that the program had set on the refused one
  const { response, bytes } = call(sclp, WRITE, sccb(8 + data.length, {}, data));
  expect(response).toBe(0x40f0);
  expect([bytes[8 + 3], bytes[17 + 3], bytes[24 + 3]]).toEqual([0x80, 0, 0]);
  expect(shown).toEqual(["one"]);
});

test("buffers that do not fill the block are refused before anything is shown", () => {
  const { sclp, shown } = machine();
  const good = event(0x1a, text("x"));
  for (const tail of [
    [0],
    [0, 6, 0x1a, 0, 0],
    [0, 5, 0x1a, 0, 0, 0],
    [0, 7, 0x1a, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
  ]) {
    const data = [...good, ...tail];
    expect(call(sclp, WRITE, sccb(8 + data.length, {}, data)).response).toBe(0x73f0);
  }
  expect(call(sclp, WRITE, sccb(8 + good.length, { functionCode: 1 }, good)).response).toBe(0x40f0);
  expect(shown).toEqual([]);
});

test("typed characters raise one kind of signal and are read as Linux reads them", () => {
  const { sclp, ascii, signals } = machine();
  ascii.input(text("early"));
  expect(signals).toEqual([]); // nobody listens yet
  expect(setMasks(sclp, MASK.ascii, MASK.ascii).signal).toBe(0x11001); // completion tells of it
  ascii.input(text("!"));
  expect(signals).toEqual([1]);
  const { response, view, bytes, signal } = call(sclp, READ, sccb(4096, { variable: true }));
  expect([response, view.getUint16(0), bytes[5], signal]).toEqual([0x0020, 8 + 7 + 6, 0, 0x11000]);
  expect([view.getUint16(8), bytes[10], bytes[14]]).toEqual([7 + 6, 0x1a, 0]);
  expect(new TextDecoder().decode(bytes.subarray(15, 21))).toBe("early!");
  expect(call(sclp, READ, sccb(4096, { variable: true })).response).toBe(0x60f0);
});

test("events of types that the program does not receive wait", () => {
  const { sclp, ascii, line } = machine();
  setMasks(sclp, MASK.operatorCommand, 0);
  ascii.input(text("a"));
  expect(call(sclp, READ, sccb(4096)).response).toBe(0x60f0);
  line.input(text("ls\n"));
  const { response, bytes } = call(sclp, READ, sccb(4096));
  expect([response, bytes[10]]).toEqual([0x0020, 0x01]);
  expect(setMasks(sclp, MASK.ascii, 0).signal & 1).toBe(1);
});

test("a selective read takes what its mask names and nothing that the program does not receive", () => {
  const { sclp, ascii, quiesce } = machine();
  const read = (mask: number): ReturnType<typeof call> =>
    call(
      sclp,
      READ,
      sccb(4096, { functionCode: 1 }, [mask >>> 24, (mask >>> 16) & 255, (mask >>> 8) & 255, mask & 255]),
    );
  expect(read(MASK.ascii).response).toBe(0x70f0);
  setMasks(sclp, MASK.ascii | MASK.quiesce, 0);
  ascii.input(text("a"));
  quiesce.request();
  expect(read(MASK.ascii | MASK.operatorCommand).response).toBe(0x70f0);
  const selected = read(MASK.quiesce);
  expect([selected.response, selected.bytes[10], selected.view.getUint16(8)]).toEqual([0x0020, 0x1d, 9]);
  expect(selected.signal & 1).toBe(1); // the character still waits
  expect(call(sclp, READ, sccb(4096, { functionCode: 2 })).response).toBe(0x40f0);
});

test("more than fits is read in two goes, and the signal asks for the second", () => {
  const { sclp, ascii } = machine();
  setMasks(sclp, MASK.ascii, 0);
  ascii.input(text("0123456789"));
  const first = call(sclp, READ, sccb(8 + 7 + 4, { variable: true }));
  expect([first.response, first.signal]).toEqual([0x0020, 0x11001]);
  const second = call(sclp, READ, sccb(4096, { variable: true }));
  expect(new TextDecoder().decode(second.bytes.subarray(15, 21))).toBe("456789");
  ascii.input(text("x"));
  expect(call(sclp, READ, sccb(8 + 7)).response).toBe(0x0300);
});

test("a reset stops events and withdraws the quiesce signal but keeps what was typed", () => {
  const { sclp, ascii, quiesce, signals } = machine();
  setMasks(sclp, MASK.ascii | MASK.quiesce, 0);
  quiesce.request();
  ascii.input(text("kept"));
  sclp.reset();
  const before = signals.length;
  ascii.input(text("!"));
  expect(signals).toHaveLength(before);
  setMasks(sclp, MASK.ascii | MASK.quiesce, 0);
  const { bytes, view } = call(sclp, READ, sccb(4096, { variable: true }));
  expect(view.getUint16(0)).toBe(8 + 7 + 5);
  expect(new TextDecoder().decode(bytes.subarray(15, 20))).toBe("kept!");
});

test("unknown commands are refused whatever the block", () => {
  const { sclp } = machine();
  for (const command of [0, 0xdead0001, 0x00020002, 0x00110001, 0x00770006]) {
    expect(call(sclp, command, sccb(8)).response).toBe(0x01f0);
  }
});

test("no control block makes the service processor throw or grow it", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0x00010001, 0x00020001, 0x00120001, 0x00040001, READ, WRITE, WRITE_MASK),
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: 0x7fffffff }),
      (command, bytes, address) => {
        const { sclp, ascii, line } = machine();
        setMasks(sclp, 0xffffffff, 0xffffffff);
        ascii.input(text("typed"));
        line.input(text("line\n"));
        const result = sclp.serviceCall(command, bytes, address);
        expect(result.sccb).toHaveLength(bytes.length);
      },
    ),
  );
});
