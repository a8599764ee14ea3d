import { decodeEbcdic, encodeEbcdic } from "@lockframe/architecture";
import { expect, test } from "vitest";
import { LineConsole, type LineConsoleOptions } from "./line-console.ts";
import { event } from "./testing.ts";

function console_(options: Partial<LineConsoleOptions> = {}): { line: LineConsole; shown(): string } {
  let shown = "";
  const line = new LineConsole({
    output: (bytes) => void (shown += new TextDecoder().decode(bytes)),
    ...options,
  });
  return { line, shown: () => shown };
}

const type = (line: LineConsole, text: string): number => line.input(new TextEncoder().encode(text));

/** What Linux's driver makes of the commands that wait. */
function read(line: LineConsole): string[] {
  const commands: string[] = [];
  for (let taken = line.take(4088); taken !== undefined; taken = line.take(4088)) {
    const view = new DataView(taken.buffer, taken.byteOffset);
    expect([view.getUint16(0), view.getUint8(2)]).toEqual([taken.length, 0x01]);
    const vectors = [6, 10, 14].map((at) => [view.getUint16(at), view.getUint16(at + 2)]);
    const rest = taken.length - 6;
    expect(vectors).toEqual([
      [rest, 0x1310],
      [rest - 4, 0x1212],
      [rest - 8, 0x1320],
    ]);
    expect([view.getUint8(18), view.getUint8(19)]).toEqual([rest - 12, 0x31]);
    expect([view.getUint8(20), view.getUint8(21)]).toEqual([rest - 14, 0x30]);
    commands.push(decodeEbcdic(taken.subarray(22)));
  }
  return commands;
}

/** A message data block as Linux lays it out: general object, then one text object a line. */
function message(lines: string[], type = 0x02): Uint8Array {
  const general = [0, 56, 0, 1, ...Array<number>(52).fill(0)];
  const texts = lines.flatMap((line) => {
    const characters = encodeEbcdic(line);
    return [0, 10 + characters.length, 0, 4, 0x10, 0, 0, 0, 0, 0, ...characters];
  });
  const length = 12 + general.length + texts.length;
  const header = [length >> 8, length & 255, 0, 1, 0xd4, 0xc4, 0xc2, 0x40, 0, 0, 0, 1];
  return event(type, [...header, ...general, ...texts]);
}

test("message text objects are shown a line each, other objects are passed over", () => {
  const { line, shown } = console_();
  expect(line.accept(message(["Linux version 6.12", "", "[ok] a|b!"]))).toBe(0x0020);
  expect(shown()).toBe("Linux version 6.12\n\n[ok] a|b!\n");
});

test("characters that a terminal would act on are not passed to it", () => {
  const { line, shown } = console_();
  line.accept(event(0x02, [...message([]).subarray(6)]));
  const escape = message(["ab"]);
  escape[escape.length - 1] = 0x27; // ESC
  line.accept(escape);
  expect(shown()).toBe("a.\n");
});

test("lengths that contradict each other are refused and nothing is shown", () => {
  const { line, shown } = console_();
  const good = message(["text"]);
  const broken = (at: number, value: number): Uint8Array => {
    const copy = good.slice();
    copy[at] = value;
    return copy;
  };
  const textObject = 6 + 12 + 56;
  for (const bad of [
    good.subarray(0, 17),
    broken(7, 11),
    broken(7, good.length - 5),
    broken(textObject + 1, 3),
    broken(textObject + 1, 9),
    broken(textObject + 1, 15),
    broken(6 + 12 + 1, 0),
    broken(7, good.length - 6 - 3),
  ]) {
    expect(line.accept(bad)).toBe(0x72f0);
  }
  expect(shown()).toBe("");
});

test("a line is read as one operator command", () => {
  const { line } = console_();
  type(line, "echo hi");
  expect(line.pending).toBe(false);
  type(line, "\r\nls\r\rpwd\n");
  expect(read(line)).toEqual(["echo hi", "ls", "", "pwd"]);
});

test("keys and percent signs go in the conventions of Linux", () => {
  const { line } = console_();
  type(line, "abandoned\x03\x04100%\nhal\x7f\x7falf\x04\x1a");
  expect(read(line)).toEqual(["^c", "^d", "100%%", "half^n", "^z"]);
});

test("a long line is continued over commands, with no percent sign torn", () => {
  const { line } = console_();
  const long = `${"x".repeat(248)}%${"y".repeat(300)}`;
  type(line, `${long}\n`);
  const commands = read(line);
  expect(commands.every((command) => command.length <= 251)).toBe(true);
  expect(
    commands.slice(0, -1).every((command) => command.endsWith("^n") && !/(^|[^%])%\^n$/.test(command)),
  ).toBe(true);
  expect(
    commands
      .map((command) => command.replace(/\^n$/, ""))
      .join("")
      .replaceAll("%%", "%"),
  ).toBe(long);
});

test("input is bounded, and room is announced when lines are read", () => {
  let announced = 0;
  const { line } = console_({ onRoom: () => void (announced += 1) });
  const flood = "0123456789abcde\n".repeat(1000);
  const taken = type(line, flood);
  expect(taken).toBeLessThanOrEqual(4096);
  expect(type(line, "more")).toBeLessThanOrEqual(line.room + 4);
  expect(announced).toBe(0);
  const commands = read(line).length;
  expect(commands).toBeGreaterThan(200);
  expect(announced).toBe(commands);
});

test("a line without end does not stop the console", () => {
  const { line } = console_();
  expect(type(line, "x".repeat(5000))).toBe(4096);
  expect(line.pending).toBe(true);
  const commands = read(line);
  expect(commands.every((command) => command.endsWith("^n"))).toBe(true);
  expect(line.room).toBe(4096);
});

test("echo shows typing, erasing and line ends, and only where it is wanted", () => {
  const echoing = console_({ echo: true });
  type(echoing.line, "ab\x7fc\r");
  expect(echoing.shown()).toBe("ab\b \bc\n");
  const silent = console_();
  type(silent.line, "ab\r");
  expect(silent.shown()).toBe("");
});

test("characters that come in pieces are put together, and those outside EBCDIC are substituted", () => {
  const { line } = console_();
  const bytes = new TextEncoder().encode("ä€\n");
  for (const byte of bytes) line.input(Uint8Array.of(byte));
  expect(read(line)).toEqual(["ä\x1a"]);
});

test("a command that does not fit the block waits for a larger one", () => {
  const { line } = console_();
  type(line, "abcdef\n");
  expect(line.take(27)).toBeUndefined();
  expect(line.take(28)).toBeDefined();
});
