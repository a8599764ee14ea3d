import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { floors, neighbours, PLUGIN_DOOR } from "./directions.ts";
import { importsOf, isTestFile, packageOf, packages, root, rootManifest, sourcesOf } from "./packages.ts";

/** What the tests of a plugin may import besides. */
const forPluginTests = ["vitest", `@lockframe/testkit`];
const SCOPE = "@lockframe/";
const libraries = packages.filter(({ directory }) => directory.startsWith("packages/"));
const plugins = packages.filter(({ directory }) => directory.startsWith("plugins/"));
const floorOf = new Map(floors.flatMap((names, floor) => names.map((name) => [`${SCOPE}${name}`, floor])));

test("imports of every kind are seen", () => {
  const text = [
    `import vitest from "vitest";`,
    `import { z,\n  type ZodType } from 'zod';`,
    `export * from "./c.ts";`,
    `import "yaml";`,
    `const fs = await import("node:fs");`,
    `import type { Reporter } from "vitest/node";`,
  ];
  expect(importsOf(text.join("\n"))).toEqual(["vitest", "zod", "./c.ts", "yaml", "node:fs", "vitest/node"]);
  expect(["@s/n/x", "n/x", "./y", "node:fs"].map(packageOf)).toEqual(["@s/n", "n", undefined, undefined]);
});

test("every package stands on a floor", () => {
  expect(libraries.map(({ name }) => name).filter((name) => !floorOf.has(name))).toEqual([]);
});

test.for(libraries)("$name uses packages of earlier floors", ({ name, manifest }) => {
  const floor = floorOf.get(name) ?? -1;
  const allowed = neighbours[name.slice(SCOPE.length)] ?? [];
  const upward = Object.keys(manifest.dependencies)
    .filter((each) => each.startsWith(SCOPE))
    .filter(
      (each) => (floorOf.get(each) ?? Infinity) >= floor && !allowed.includes(each.slice(SCOPE.length)),
    );
  expect(upward).toEqual([]);
});

test.for(plugins)("$name imports plugin-api and nothing else", (plugin) => {
  const foreign = sourcesOf(plugin).flatMap(({ path, imports }) =>
    imports
      .filter((specifier) => packageOf(specifier) !== undefined && packageOf(specifier) !== PLUGIN_DOOR)
      .filter((specifier) => !(isTestFile(path) && forPluginTests.includes(packageOf(specifier) ?? "")))
      .map((specifier) => `${path}: ${specifier}`),
  );
  expect(foreign).toEqual([]);
  expect(Object.keys(plugin.manifest.dependencies)).toEqual([PLUGIN_DOOR]);
});

test.for(packages)("$name imports what its manifest declares, and stays at home", (each) => {
  const { directory, manifest, name } = each;
  const tools = directory === "tooling" ? Object.keys(rootManifest.devDependencies) : [];
  const declared = new Set([name, ...Object.keys(manifest.dependencies), ...tools]);
  const forTests = new Set([...declared, ...Object.keys(manifest.devDependencies), "vitest", "fast-check"]);
  const faults = sourcesOf(each).flatMap(({ path, imports }) => {
    const allowed = isTestFile(path) ? forTests : declared;
    return imports
      .filter((specifier) => {
        const target = packageOf(specifier);
        if (target !== undefined) return !allowed.has(target);
        return specifier.startsWith(".") && leaves(directory, path, specifier);
      })
      .map((specifier) => `${path}: ${specifier}`);
  });
  expect(faults).toEqual([]);
});

/** Whether a relative import points out of its package. */
function leaves(directory: string, path: string, specifier: string): boolean {
  return relative(join(root, directory), join(root, dirname(path), specifier)).startsWith("..");
}
