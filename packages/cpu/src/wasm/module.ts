/** Assembles one WebAssembly module: types, imports, functions, one table, exports. */
import type { ValueType } from "@lockframe/instructions";
import { Code, valueTypeCode } from "./code.ts";

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function under construction; locals number after the parameters. */
export class FunctionBody {
  readonly code = new Code();
  readonly #locals: ValueType[] = [];
  readonly #parameterCount: number;

  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount;
  }
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.#parameterCount + this.#locals.length - 1;
  }
  finish(): readonly number[] {
    const head = new Code().unsigned(this.#locals.length);
    for (const type of this.#locals) head.unsigned(1).byte(valueTypeCode[type]);
    const body = [...head.bytes, ...this.code.bytes, 0x0b];
    return [...new Code().unsigned(body.length).bytes, ...body];
  }
}

interface Imported {
  readonly name: string;
  readonly type: number;
}
interface Defined {
  readonly name: string;
  readonly type: number;
  readonly exported: boolean;
  body: readonly number[] | undefined;
}

const text = (value: string): number[] => {
  const utf8 = [...new TextEncoder().encode(value)];
  return [...new Code().unsigned(utf8.length).bytes, ...utf8];
};

const section = (id: number, count: number, content: readonly number[]): number[] => {
  const head = new Code().unsigned(count).bytes;
  return [id, ...new Code().unsigned(head.length + content.length).bytes, ...head, ...content];
};

/**
 * Imports come from module "host": functions by name, memory as "memory". All imports must be declared
 * before the first `declare`, for functions number after them.
 */
export class ModuleBuilder {
  readonly #types: Signature[] = [];
  readonly #imports: Imported[] = [];
  readonly #functions: Defined[] = [];
  readonly #elements: number[] = [];

  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const same = (a: readonly ValueType[], b: readonly ValueType[]) => a.join() === b.join();
    const known = this.#types.findIndex((t) => same(t.parameters, parameters) && same(t.results, results));
    if (known >= 0) return known;
    this.#types.push({ parameters, results });
    return this.#types.length - 1;
  }
  importFunction(name: string, parameters: readonly ValueType[], results: readonly ValueType[]): number {
    if (this.#functions.length > 0) throw new Error("imports must come before functions");
    this.#imports.push({ name, type: this.type(parameters, results) });
    return this.#imports.length - 1;
  }
  /** Reserve a function's number; its body follows with `define`. */
  declare(
    name: string,
    parameters: readonly ValueType[],
    results: readonly ValueType[],
    exported = false,
  ): number {
    this.#functions.push({ name, type: this.type(parameters, results), exported, body: undefined });
    return this.#imports.length + this.#functions.length - 1;
  }
  define(index: number, body: FunctionBody): void {
    const target = this.#functions[index - this.#imports.length];
    if (target === undefined) throw new Error(`function ${index} is not declared`);
    target.body = body.finish();
  }
  /** Put a function into the table; returns its place. */
  element(index: number): number {
    this.#elements.push(index);
    return this.#elements.length - 1;
  }

  /** `pages`: size of the imported memory in 64 KiB pages. */
  finish(pages: number): Uint8Array<ArrayBuffer> {
    const types: number[] = [];
    for (const t of this.#types) {
      types.push(
        0x60,
        ...new Code().unsigned(t.parameters.length).bytes,
        ...t.parameters.map((p) => valueTypeCode[p]),
      );
      types.push(...new Code().unsigned(t.results.length).bytes, ...t.results.map((p) => valueTypeCode[p]));
    }
    const imports = [
      ...text("host"),
      ...text("memory"),
      0x02,
      0x01,
      ...new Code().unsigned(pages).unsigned(pages).bytes,
    ];
    for (const i of this.#imports)
      imports.push(...text("host"), ...text(i.name), 0x00, ...new Code().unsigned(i.type).bytes);
    const functions = this.#functions.flatMap((f) => new Code().unsigned(f.type).bytes);
    const exports = this.#functions.flatMap((f, n) =>
      f.exported ? [...text(f.name), 0x00, ...new Code().unsigned(this.#imports.length + n).bytes] : [],
    );
    const exportCount = this.#functions.filter((f) => f.exported).length;
    const names = this.#functions.flatMap((f, n) => [
      ...new Code().unsigned(this.#imports.length + n).bytes,
      ...text(f.name),
    ]);
    const nameSection = section(1, this.#functions.length, names); // subsection 1: function names
    const custom = [...text("name"), ...nameSection];

    const parts: number[][] = [
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, this.#types.length, types),
      section(2, this.#imports.length + 1, imports),
      section(3, this.#functions.length, functions),
    ];
    const size = new Code().unsigned(this.#elements.length).bytes;
    if (this.#elements.length > 0) parts.push(section(4, 1, [0x70, 0x00, ...size]));
    parts.push(section(7, exportCount, exports));
    if (this.#elements.length > 0) {
      const list = this.#elements.flatMap((e) => new Code().unsigned(e).bytes);
      parts.push(section(9, 1, [0x00, 0x41, 0x00, 0x0b, ...size, ...list]));
    }
    const code: number[][] = this.#functions.map((f) => {
      if (f.body === undefined) throw new Error(`function ${f.name} has no body`);
      return f.body as number[];
    });
    parts.push(section(10, code.length, code.flat()));
    parts.push([0, ...new Code().unsigned(custom.length).bytes, ...custom]);
    return new Uint8Array(parts.flat());
  }
}
