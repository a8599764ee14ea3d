import type { Readable, Writable } from "node:stream";
import { createColors } from "picocolors";

/** A source of bytes that may be a terminal. */
export type InputStream = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
/** A sink of bytes that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** One call of the command, with all that it has of the world. */
export interface Invocation {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export type Colors = ReturnType<typeof createColors>;

/** Colours for a stream: only on a terminal, and never against NO_COLOR. */
export function colorsFor(stream: OutputStream, env: Invocation["env"]): Colors {
  const wanted = stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return createColors(wanted);
}

/** Write a line. */
export function print(stream: OutputStream, line = ""): void {
  stream.write(`${line}\n`);
}

/** Write data as JSON, for programs. */
export function printJson(stream: OutputStream, data: unknown): void {
  print(stream, JSON.stringify(data, jsonValue, 2));
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}

/** Rows of text in columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (sofar, row) => row.map((cell, column) => Math.max(cell.length, sofar[column] ?? 0)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
