/** Assembles one WebAssembly module: types, imports, functions, tables, exports. */
import type { ValueType } from "@lockframe/instructions";
import type { MemoryType } from "@lockframe/memory";
import { Code, type Hint, valueTypeCode } from "./code.ts";

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

interface Body {
  readonly bytes: Uint8Array;
  /** Offsets count from the start of the bytes. */
  readonly hints: readonly { readonly offset: number; readonly hint: Hint }[];
}

/** A function under construction; locals number after the parameters. */
export class FunctionBody {
  readonly code = new Code();
  readonly #locals: ValueType[] = [];
  readonly #parameterCount: number;
  readonly #free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  #used: { type: ValueType; local: number }[] | undefined;

  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount;
  }
  local(type: ValueType): number {
    const free = this.#free[type].pop();
    const local = free ?? this.#parameterCount + this.#locals.push(type) - 1;
    this.#used?.push({ type, local });
    return local;
  }
  /** Locals taken inside are free for others afterwards: they keep no value, and start with any. */
  reusingLocals(inside: () => void): void {
    const outer = this.#used;
    const used: { type: ValueType; local: number }[] = [];
    this.#used = used;
    inside();
    this.#used = outer;
    for (const { type, local } of used) this.#free[type].push(local);
  }
  finish(): Body {
    const all = new Code().unsigned(this.#locals.length);
    for (const type of this.#locals) all.unsigned(1).byte(valueTypeCode[type]);
    const start = all.length;
    all.append(this.code.bytes).byte(0x0b);
    const hints = this.code.hints.map(({ offset, hint }) => ({ offset: start + offset, hint }));
    return { bytes: all.bytes, hints };
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
  body: Body | undefined;
}

const utf8 = new TextEncoder();
const named = (code: Code, name: string): Code => code.sized(utf8.encode(name));

/** Constant expression: a reference to a function. */
const reference = (index: number): Uint8Array => new Code().byte(0xd2).unsigned(index).byte(0x0b).bytes;

/** Section numbers of the binary format. */
const Section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  export: 7,
  element: 9,
  code: 10,
} as const;
const FUNCTION_IMPORT = 0x00;
const TABLE_EXPORT = 0x01;
const MEMORY_IMPORT = 0x02;

/** Names of the memories that modules import, in the order of their numbers. */
const memoryNames = ["memory", "storage"] as const;
/** Limits with a maximum; of a memory whose addresses have 64 bits. */
const LIMITED = { i32: 0x01, i64: 0x05 } as const;

/**
 * Imports come from module "host": functions by name, memories as "memory" and "storage". All imports must be declared
 * before the first `declare`, for functions number after them.
 */
export class ModuleBuilder {
  readonly #types: Signature[] = [];
  readonly #typeNumbers = new Map<string, number>();
  readonly #imports: Imported[] = [];
  readonly #functions: Defined[] = [];
  readonly #tables: number[][] = [];
  readonly #openTables: { readonly name: string; readonly size: number; readonly type: number }[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];

  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}:${results.join()}`;
    const known = this.#typeNumbers.get(key);
    if (known !== undefined) return known;
    this.#typeNumbers.set(key, this.#types.length);
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
  /**
   * A table of functions that all have one type, in the order of their places. Its type is that of its functions
   * and it has no holes, so that a call through it tests its bounds only.
   */
  table(functions: readonly number[]): number {
    this.#tables.push([...functions]);
    return this.#tables.length - 1;
  }

  /** A table, exported, that others fill with functions of one type; its number follows those of `table`. */
  openTable(name: string, size: number, signature: Signature): number {
    this.#openTables.push({ name, size, type: this.type(signature.parameters, signature.results) });
    return this.#tables.length + this.#openTables.length - 1;
  }
  /** Export a function that was declared without. */
  export(name: string, index: number): void {
    this.#exports.push({ name, index });
  }
  signatureOf(index: number): Signature {
    const type = (this.#imports[index] ?? this.#functions[index - this.#imports.length])?.type;
    const signature = type === undefined ? undefined : this.#types[type];
    if (signature === undefined) throw new Error(`function ${index} is not declared`);
    return signature;
  }

  finish(memories: readonly MemoryType[]): Uint8Array<ArrayBuffer> {
    const module = new Code().append(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const section = (id: number, count: number, content: Code) => {
      const head = new Code().unsigned(count);
      module
        .byte(id)
        .unsigned(head.length + content.length)
        .append(head.bytes)
        .append(content.bytes);
    };
    section(Section.type, this.#types.length, this.#typeSection());
    section(Section.import, this.#imports.length + memories.length, this.#importSection(memories));
    const functions = new Code();
    for (const f of this.#functions) functions.unsigned(f.type);
    section(Section.function, this.#functions.length, functions);
    section(Section.table, this.#tables.length + this.#openTables.length, this.#tableSection());
    const exported = this.#functions.filter((f) => f.exported).length;
    const exports = exported + this.#exports.length + this.#openTables.length;
    section(Section.export, exports, this.#exportSection());
    section(Section.element, this.#tables.length, this.#elementSection());
    this.#custom(module, "metadata.code.branch_hint", this.#hints());
    const code = new Code();
    for (const f of this.#functions) code.sized(this.#bodyOf(f).bytes);
    section(Section.code, this.#functions.length, code);
    this.#custom(module, "name", this.#names());
    return Uint8Array.from(module.bytes);
  }

  #bodyOf(f: Defined): Body {
    if (f.body === undefined) throw new Error(`function ${f.name} has no body`);
    return f.body;
  }
  #typeSection(): Code {
    const code = new Code();
    for (const { parameters, results } of this.#types) {
      code.byte(0x60);
      for (const list of [parameters, results]) {
        code.unsigned(list.length);
        for (const type of list) code.byte(valueTypeCode[type]);
      }
    }
    return code;
  }
  #importSection(memories: readonly MemoryType[]): Code {
    const code = new Code();
    memories.forEach(({ address, pages }, n) => {
      named(named(code, "host"), memoryNames[n] ?? "");
      code.byte(MEMORY_IMPORT).byte(LIMITED[address]).unsigned(pages).unsigned(pages);
    });
    for (const i of this.#imports) {
      named(named(code, "host"), i.name).byte(FUNCTION_IMPORT).unsigned(i.type);
    }
    return code;
  }
  #tableSection(): Code {
    const code = new Code();
    for (const functions of this.#tables) {
      const size = functions.length;
      code.byte(0x40).byte(0x00).append(this.#elementType(functions));
      code.byte(0x01).unsigned(size).unsigned(size);
      code.append(reference(functions[0] ?? 0));
    }
    for (const { size, type } of this.#openTables) {
      code.byte(0x63).unsigned(type).byte(0x01).unsigned(size).unsigned(size);
    }
    return code;
  }
  #elementSection(): Code {
    const code = new Code();
    this.#tables.forEach((functions, table) => {
      code.byte(0x06).unsigned(table).i32(0).byte(0x0b);
      code.append(this.#elementType(functions)).unsigned(functions.length);
      for (const f of functions) code.append(reference(f));
    });
    return code;
  }
  /** Reference, never null, to a function of the type that the table's functions have. */
  #elementType(functions: readonly number[]): Uint8Array {
    const first = this.#functions[(functions[0] ?? 0) - this.#imports.length];
    if (first === undefined) throw new Error("a table needs functions that are defined here");
    return new Code().byte(0x64).unsigned(first.type).bytes;
  }
  #exportSection(): Code {
    const code = new Code();
    this.#functions.forEach((f, n) => {
      if (f.exported)
        named(code, f.name)
          .byte(FUNCTION_IMPORT)
          .unsigned(this.#imports.length + n);
    });
    for (const { name, index } of this.#exports) named(code, name).byte(FUNCTION_IMPORT).unsigned(index);
    this.#openTables.forEach(({ name }, n) =>
      named(code, name)
        .byte(TABLE_EXPORT)
        .unsigned(this.#tables.length + n),
    );
    return code;
  }

  #custom(module: Code, name: string, content: Code): void {
    const title = named(new Code(), name);
    module
      .byte(Section.custom)
      .unsigned(title.length + content.length)
      .append(title.bytes)
      .append(content.bytes);
  }
  /** Source: WebAssembly branch hinting proposal. */
  #hints(): Code {
    const code = new Code();
    let count = 0;
    this.#functions.forEach((f, n) => {
      const { hints } = this.#bodyOf(f);
      if (hints.length === 0) return;
      count += 1;
      code.unsigned(this.#imports.length + n).unsigned(hints.length);
      for (const { offset, hint } of hints)
        code
          .unsigned(offset)
          .byte(1)
          .byte(hint === "likely" ? 1 : 0);
    });
    return new Code().unsigned(count).append(code.bytes);
  }
  #names(): Code {
    const list = new Code().unsigned(this.#functions.length);
    this.#functions.forEach((f, n) => named(list.unsigned(this.#imports.length + n), f.name));
    return new Code().byte(1).sized(list.bytes); // subsection 1: function names
  }
}
