import { expect, test } from "vitest";
import { parseBoolean, parseMemorySize, parseNumber, parseOptions } from "./option-string.ts";

test.for([
  ["a=1,b=2", undefined, { a: "1", b: "2" }],
  ["s390-ccw-virtio,accel=tcg", "type", { type: "s390-ccw-virtio", accel: "tcg" }],
  ["type=x", "type", { type: "x" }],
  ["x,mux,nosignal", "backend", { backend: "x", mux: "on", signal: "off" }],
  ["x,path=a,,b,,,id=c", "backend", { backend: "x", path: "a,b,", id: "c" }],
  ["x,text=a=b", "k", { k: "x", text: "a=b" }],
  ["x,k2=", "k", { k: "x", k2: "" }],
  ["a=1,a=2", undefined, { a: "2" }],
] as const)("%s", ([text, implied, expected]) => {
  expect(Object.fromEntries(parseOptions("-o", text, implied))).toEqual(expected);
});

test.for(["x,=1", "x,,,"])("%s has no parameter where one belongs", (text) => {
  const parse = (): unknown => parseOptions("-o", text === "x,,," ? "k=x,,,y=1," : text, "k");
  expect(parse).toThrow(expect.objectContaining({ code: "LF-QEMU-003" }));
});

test.for([
  ["512", 512 * 2 ** 20],
  ["1.5G", 1.5 * 2 ** 30],
  ["2g", 2 ** 31],
  ["17T", 17 * 2 ** 40],
  ["4096b", 4096],
  ["0x10", 16 * 2 ** 20],
] as const)("size %s", ([text, bytes]) => {
  expect(parseMemorySize("-m", "size", text, 2 ** 20)).toBe(bytes);
});

test.for(["", "-1", "12X", "1e9", "1.1b", "99999999P"])("%j is no size", (text) => {
  expect(() => parseMemorySize("-m", "size", text, 1)).toThrow(
    expect.objectContaining({ code: "LF-QEMU-003" }),
  );
});

test("flags and numbers", () => {
  expect(parseBoolean("-o", "k", "on")).toBe(true);
  expect(parseBoolean("-o", "k", "no")).toBe(false);
  expect(() => parseBoolean("-o", "k", "maybe")).toThrow("Parameter 'k' expects 'on' or 'off'");
  expect(parseNumber("-o", "k", "0x1f")).toBe(31);
  expect(() => parseNumber("-o", "k", "two")).toThrow("Parameter 'k' expects a number");
});
