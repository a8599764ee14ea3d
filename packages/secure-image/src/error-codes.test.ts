import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const CODE = /LF-(?:IMAGE|KEY)-\d{3}/g;

it("every error code is explained in the README once, and no other", () => {
  const here = new URL(".", import.meta.url);
  const sources = readdirSync(here, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(name, here), "utf8"));
  // codes are thrown as string literals; comments name some as well
  const used = new Set(sources.flatMap((text) => text.match(CODE) ?? []));
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const explained = [...readme.matchAll(/^\| (LF-(?:IMAGE|KEY)-\d{3}) +\|/gm)].map((match) => match[1]);
  expect(explained.toSorted()).toEqual([...used].toSorted());
});
