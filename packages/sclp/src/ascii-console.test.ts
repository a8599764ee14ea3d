import { expect, test } from "vitest";
import { AsciiConsole } from "./ascii-console.ts";

test("input is bounded, and room is announced once it is read", () => {
  let announced = 0;
  const ascii = new AsciiConsole({ output: () => undefined, onRoom: () => void (announced += 1) });
  expect(ascii.input(new Uint8Array(5000))).toBe(4080);
  expect(ascii.room).toBe(0);
  expect(ascii.take(4088)).toHaveLength(6 + 1 + 4080);
  expect([ascii.room, announced, ascii.pending]).toEqual([4080, 1, false]);
  expect(ascii.take(4088)).toBeUndefined();
  expect(announced).toBe(1);
});

test("bytes come out in the order they were typed, whatever the pieces", () => {
  const ascii = new AsciiConsole({ output: () => undefined });
  const read: number[] = [];
  for (let i = 0; i < 100; i++) {
    ascii.input(Uint8Array.of(i, i + 100));
    if (i % 3 === 0) read.push(...(ascii.take(9)?.subarray(7) ?? []));
  }
  for (let event = ascii.take(20); event !== undefined; event = ascii.take(20))
    read.push(...event.subarray(7));
  expect(read).toEqual(Array.from({ length: 100 }, (_, i) => [i, i + 100]).flat());
});

test("an empty write is accepted and shows nothing", () => {
  const ascii = new AsciiConsole({ output: () => expect.unreachable() });
  expect(ascii.accept(Uint8Array.of(0, 6, 0x1a, 0, 0, 0))).toBe(0x0020);
});
