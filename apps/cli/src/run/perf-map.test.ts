import { expect, test } from "vitest";
import { parseSymbols, perfMap } from "./perf-map.ts";

const systemMap = `0000000000000000 A _zero
0000000000100240 T second
0000000000100000 t first
0000000000100200 D data
0000000000100300 W third\tmodule
not a line
`;

test("functions are read from a System.map in the order of their addresses", () => {
  expect(parseSymbols(systemMap).map(({ name }) => name)).toEqual(["first", "second", "third"]);
});

test("samples are added up by function, the most frequent first, and by blocks where no function is known", () => {
  const samples = new Map([
    [0x100004n, 2],
    [0x10023en, 3],
    [0x100240n, 1],
    [0x3ff_1234_5678n, 7],
    [0x3ff_1234_56fen, 1],
    [0x10n, 4],
  ]);
  expect(perfMap(samples, parseSymbols(systemMap))).toBe(
    `3ff12345600 100 guest 3ff12345600 (8)
100000 240 first (5)
0 100 guest 0 (4)
100240 c0 second (1)
`,
  );
});
