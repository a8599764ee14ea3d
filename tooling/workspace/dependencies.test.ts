import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packages, root, rootManifest, settings } from "./packages.ts";

/** Dependencies that are not packages of this workspace, by who wants them. */
const wanted = [...packages, { name: "the root", manifest: rootManifest }].flatMap(({ name, manifest }) =>
  Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter(([, version]) => !version.startsWith("workspace:"))
    .map(([dependency, version]) => ({ dependency, version, by: name })),
);

/** Lines such as "- `zod` (MIT): what it is for." */
const LINE = /^- `([^`]+)` \(([^)]+)\): .{10,}\.$/;

test("DEPENDENCIES.md has one line for each dependency, and none for what is gone", () => {
  const lines = readFileSync(join(root, "DEPENDENCIES.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("- "));
  expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
  const described = lines.map((line) => LINE.exec(line)?.[1]).toSorted();
  expect(described).toEqual([...new Set(wanted.map(({ dependency }) => dependency))].toSorted());
});

test("versions are exact, and those of packages stand in the catalog", () => {
  const exact = /^\d+\.\d+\.\d+$/;
  expect(Object.entries(settings.catalog).filter(([, version]) => !exact.test(version))).toEqual([]);
  const loose = wanted.filter(({ version, by }) =>
    version === "catalog:" ? false : by !== "the root" || !exact.test(version),
  );
  expect(loose).toEqual([]);
});

test("the catalog has what is used, and nothing else", () => {
  const used = new Set(
    wanted.filter(({ version }) => version === "catalog:").map(({ dependency }) => dependency),
  );
  expect(Object.keys(settings.catalog).toSorted()).toEqual([...used].toSorted());
});

test("every package says what it is and under which licence", () => {
  const silent = packages.filter(
    ({ manifest }) => (manifest.description ?? "") === "" || manifest.license !== "Apache-2.0",
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
});
