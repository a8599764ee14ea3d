import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

/** The workspace's directory. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

const dependencies = z.record(z.string(), z.string()).default({});
const manifest = z.looseObject({
  name: z.string(),
  description: z.string().optional(),
  license: z.string().optional(),
  dependencies,
  devDependencies: dependencies,
});
const workspace = z.looseObject({ packages: z.array(z.string()), catalog: z.record(z.string(), z.string()) });

export interface WorkspacePackage {
  readonly name: string;
  /** From the root, for instance `packages/memory`. */
  readonly directory: string;
  readonly manifest: z.output<typeof manifest>;
}

/** What `pnpm-workspace.yaml` says. */
export const settings = workspace.parse(parse(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8")));

/** The manifest at the root, for tools of the whole workspace. */
export const rootManifest = readManifest("package.json");

/** Every package of the workspace, in the order of their directories. */
export const packages: readonly WorkspacePackage[] = globSync(
  settings.packages.map((pattern) => `${pattern}/package.json`),
  { cwd: root },
)
  .toSorted()
  .map((path) => {
    const read = readManifest(path);
    return { name: read.name, directory: dirname(path), manifest: read };
  });

function readManifest(path: string): z.output<typeof manifest> {
  return manifest.parse(JSON.parse(readFileSync(join(root, path), "utf8")));
}

/** A source file and the modules that it imports. */
export interface SourceFile {
  /** From the root. */
  readonly path: string;
  readonly imports: readonly string[];
}

const IMPORT = /(?:^|[^.\w])(?:import|export)\s*(?:[\w*{}\s,$]+?\s*from\s*)?\(?\s*["']([^"'\n]+)["']/g;

/** The TypeScript files of a package. */
export function sourcesOf({ directory }: WorkspacePackage): readonly SourceFile[] {
  return globSync(`${directory}/**/*.ts`, { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] }).map(
    (path) => ({
      path,
      imports: importsOf(readFileSync(join(root, path), "utf8")),
    }),
  );
}

/** The modules that a text imports, statically or not. */
export function importsOf(text: string): readonly string[] {
  return [...text.matchAll(IMPORT)].map(([, specifier]) => specifier ?? "");
}

/** `@scope/name/sub` without `/sub`; undefined for relative paths and modules of Node. */
export function packageOf(specifier: string): string | undefined {
  if (/^(?:\.|\/|node:)/.test(specifier)) return undefined;
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

/** Whether a file is a test or serves tests alone. */
export function isTestFile(path: string): boolean {
  return /(?:^tests\/|\.test\.ts|\/testing\.ts|\/test\/|\.test-d\.ts)/.test(path) || /\/testing\//.test(path);
}
