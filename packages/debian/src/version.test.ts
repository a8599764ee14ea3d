import { expect, it } from "vitest";
import { compareVersions } from "./version.ts";

/** In ascending order; from Debian Policy 5.6.12 and from versions of the archive. */
const ASCENDING = [
  "1.0~~",
  "1.0~~a",
  "1.0~",
  "1.0~rc1-1",
  "1.0",
  "1.0-1",
  "1.0-1+b1",
  "1.0-1+deb13u1",
  "1.0a",
  "1.0+dfsg-1",
  "1.0.1",
  "1.2",
  "1.10",
  "6.12.94-1",
  "6.12.107-1",
  "6.12.107+1-1",
  "1:0.1",
  "1:1.37.0-6+b9",
  "1:1.37.0-6+b10",
  "2:0",
];

it("orders versions as Debian does", () => {
  for (const [i, a] of ASCENDING.entries())
    for (const [j, b] of ASCENDING.entries())
      expect(Math.sign(compareVersions(a, b)), `${a} to ${b}`).toBe(Math.sign(i - j));
});

it("holds versions equal that differ in leading zeros or an epoch of 0", () => {
  expect(compareVersions("0:1.007-0", "1.7-00")).toBe(0);
  expect(compareVersions("1.0", "1.0-0")).toBe(0);
});
