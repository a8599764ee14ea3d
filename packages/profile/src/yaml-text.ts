import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import type { Node, Pair } from "yaml";
import { type Diagnostic, throwIfAny } from "./diagnostic.ts";
import type { Path, Place } from "./origin.ts";

/** A text read as data, which can say where each part of the data stands. */
export interface SourceText {
  readonly source: string;
  readonly value: unknown;
  /** The place of the value at `path`, or of the nearest thing around it. */
  placeOf(path: Path): Place;
  /** The place of a key, for messages about the key itself. */
  placeOfKey(path: Path): Place;
}

const require = createRequire(import.meta.url);
/** The library has 70 files, and a machine from a command line is started without. */
const yaml = (): typeof Yaml => require("yaml") as typeof Yaml;

/** Aliases may be expanded this often, so that a small file cannot become a huge one. */
const MAXIMUM_ALIASES = 100;

/** Read YAML 1.2, of which JSON is a part. @throws ProfileError LF-PROFILE-002 when it is none */
export function readYaml(source: string, text: string): SourceText {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { version: "1.2", lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined): Place => {
    if (offset === undefined) return { source };
    const { line, col } = lines.linePos(offset);
    return { source, line, column: col };
  };
  throwIfAny(
    document.errors.map((error): Diagnostic => ({
      code: "LF-PROFILE-002",
      place: at(error.pos[0]),
      path: [],
      message: error.message,
    })),
  );
  return {
    source,
    value: toData(source, () => document.toJS({ maxAliasCount: MAXIMUM_ALIASES })),
    placeOf: (path) => at(walk(document.contents, path).value),
    placeOfKey: (path) => at(walk(document.contents, path).key),
  };
}

function toData(source: string, convert: () => unknown): unknown {
  try {
    return convert();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throwIfAny([{ code: "LF-PROFILE-002", place: { source }, path: [], message }]);
    throw error;
  }
}

/** Offsets of the value at `path` and of its key; where the path leaves the document, those of the last part met. */
function walk(root: Node | null, path: Path): { key: number | undefined; value: number | undefined } {
  let node: Node | null | undefined = root;
  let found = { key: node?.range?.[0], value: node?.range?.[0] };
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) break;
    node = next.node;
    found = { key: next.key ?? found.key, value: node?.range?.[0] ?? next.key ?? found.value };
  }
  return found;
}

interface Child {
  readonly key: number | undefined;
  readonly node: Node | null | undefined;
}

function child(node: Node | null | undefined, step: string | number): Child | undefined {
  const { isAlias, isMap, isScalar, isSeq } = yaml();
  if (isMap<Node, Node | null>(node)) {
    const pair: Pair<Node, Node | null> | undefined = node.items.find(
      ({ key }) => isScalar(key) && String(key.value) === String(step),
    );
    return pair && { key: pair.key.range?.[0], node: pair.value };
  }
  if (isSeq<Node>(node)) {
    const item = node.items[Number(step)];
    return item && { key: item.range?.[0], node: item };
  }
  return isAlias(node) ? { key: node.range?.[0], node: null } : undefined;
}
