import { z } from "zod";
import type { Diagnostic } from "./diagnostic.ts";
import type { Path } from "./origin.ts";
import { didYouMean } from "./suggest.ts";
import type { SourceText } from "./yaml-text.ts";

type Code = Diagnostic["code"];
const UNKNOWN_KEY: Code = "LF-PROFILE-003";
const WRONG_VALUE: Code = "LF-PROFILE-004";
const MISSING: Code = "LF-PROFILE-005";

export type Checked<Output> =
  | { readonly value: Output; readonly diagnostics: readonly [] }
  | { readonly value: undefined; readonly diagnostics: readonly Diagnostic[] };

/** Check a text against a schema. `below` is where in the text the checked part stands. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  text: Pick<SourceText, "value" | "placeOf" | "placeOfKey">,
  below: Path = [],
): Checked<z.output<Schema>> {
  const result = schema.safeParse(text.value);
  if (result.success) return { value: result.data, diagnostics: [] };
  const diagnostics = result.error.issues.flatMap((issue) => explain(schema, issue, text, below));
  return { value: undefined, diagnostics };
}

function explain(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  text: Pick<SourceText, "value" | "placeOf" | "placeOfKey">,
  below: Path,
): Diagnostic[] {
  const inside = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  const path = [...below, ...inside];
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, inside);
    return issue.keys.map((key) => ({
      code: UNKNOWN_KEY,
      place: text.placeOfKey([...path, key]),
      path: [...path, key],
      message: `unknown key${didYouMean(key, known)}`,
    }));
  }
  const given = valueAt(text.value, inside);
  if (given === undefined) {
    return [{ code: MISSING, place: text.placeOf(path), path, message: `is missing: ${expectation(issue)}` }];
  }
  return [{ code: WRONG_VALUE, place: text.placeOf(path), path, message: complaint(issue, given) }];
}

function complaint(issue: z.core.$ZodIssue, given: unknown): string {
  if (issue.code === "invalid_value" && typeof given === "string") {
    const hint = didYouMean(given, issue.values.map(String));
    return hint === "" ? `\`${given}\` is not ${expectation(issue)}` : `\`${given}\` is not known${hint}`;
  }
  const shown =
    typeof given === "object" ? (Array.isArray(given) ? "a list" : "a map") : `\`${String(given)}\``;
  return `${expectation(issue)}, found ${shown}`;
}

/** Few enough to be listed in a message. */
const LISTED_VALUES = 8;

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${names[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return oneOf(issue.values);
    case "too_small":
      return `expected at least ${issue.minimum}${issue.origin === "string" ? " character" : ""}`;
    case "too_big":
      return `expected at most ${issue.maximum}`;
    case "invalid_union": {
      const errors = issue.errors.flat();
      const values = errors.flatMap((each) => (each.code === "invalid_value" ? [each.values] : []));
      if (values.length > 0 && values.length === errors.length) return oneOf(values.flat());
      return errors.find(({ code }) => code === "invalid_format")?.message ?? "expected something else";
    }
    default:
      return issue.message;
  }
}

function oneOf(values: readonly unknown[]): string {
  return values.length > LISTED_VALUES
    ? "one of the known values"
    : `one of ${values.map((value) => `\`${String(value)}\``).join(", ")}`;
}

const names: Readonly<Record<string, string>> = {
  object: "a map",
  array: "a list",
  string: "a text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, step);
  }
  return found;
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let here: unknown = schema;
  for (const step of [...path, undefined]) {
    while (here instanceof z.ZodOptional || here instanceof z.ZodDefault) here = here.unwrap();
    if (step === undefined) break;
    if (here instanceof z.ZodObject) here = here.shape[String(step)];
    else if (here instanceof z.ZodArray) here = here.element;
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}
