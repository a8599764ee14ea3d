/**
 * Enough of the WebAssembly binary format for helper modules of a few functions over a machine's memory.
 * Source: WebAssembly Core Specification, "Binary Format".
 */

/** Value types. */
export const i32 = 0x7f;
export const i64 = 0x7e;
export const f64 = 0x7c;
export const v128 = 0x7b;

/** Operation codes, with the operand bytes that never vary here (alignment and offset 0). */
export const op = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  br: [0x0c],
  brIf: [0x0d],
  get: [0x20],
  set: [0x21],
  tee: [0x22],
  i64Load: [0x29, 0, 0],
  i64Store: [0x37, 0, 0],
  i32Const: [0x41],
  i64Const: [0x42],
  i32Eqz: [0x45],
  i32LtU: [0x49],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i64ExtendU: [0xad],
  i64TruncF64U: [0xb1],
  i64Add: [0x7c],
  i64And: [0x83],
  i64Or: [0x84],
  i64Xor: [0x85],
  i64Shl: [0x86],
  i64ShrS: [0x87],
  i64ShrU: [0x88],
  v128Load: [0xfd, 0x00, 0, 0],
  v128Store: [0xfd, 0x0b, 0, 0],
  v128Const: [0xfd, 0x0c],
  v128Shuffle: [0xfd, 0x0d],
  v128And: [0xfd, 0x4e],
  v128Or: [0xfd, 0x50],
  v128Xor: [0xfd, 0x51],
  v128AnyTrue: [0xfd, 0x53],
  i32x4ShrS: [0xfd, 0xac, 0x01],
  i64x2Shl: [0xfd, 0xcb, 0x01],
} as const;

/** Loads and stores in one of several memories, which is named beside the alignment. */
export const accessTo = (memory: number) =>
  ({
    i32Load8U: [0x2d, 0x40, memory, 0],
    i32Store8: [0x3a, 0x40, memory, 0],
    v128Load: [0xfd, 0x00, 0x40, memory, 0],
    v128Store: [0xfd, 0x0b, 0x40, memory, 0],
  }) as const;

/** Instructions by lines: operation codes (arrays) and their operands. */
export type Code = readonly (readonly (number | readonly number[])[])[];

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  /** Types of the locals after the parameters. */
  readonly locals: readonly number[];
  readonly body: Code;
}

/** A signed constant as `i32Const` and `i64Const` want it. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(last ? byte : byte | 0x80);
    if (last) return bytes;
  }
}

/** A vector in the sense of the binary format: its size, then its content. */
function sized(count: number, content: readonly number[]): number[] {
  return count < 0x80 ? [count, ...content] : [(count & 0x7f) | 0x80, count >> 7, ...content];
}
const counted = (content: readonly number[]): number[] => sized(content.length, content);
const listed = (items: readonly (readonly number[])[]): number[] => sized(items.length, items.flat());
const section = (id: number, content: readonly number[]): number[] => [id, ...counted(content)];
const text = (name: string): number[] => counted([...new TextEncoder().encode(name)]);

/** Limits of a memory that say no more than whether its addresses are of 64 bits. */
const anySize = (wide: boolean): number[] => [wide ? 0x04 : 0x00, 0];

/**
 * Instantiate functions over memories, of which the first has addresses of 32 bits and the others have 64; they come
 * back by name.
 */
export function instantiate(
  memories: readonly WebAssembly.Memory[],
  functions: readonly WasmFunction[],
): WebAssembly.Exports {
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const types = functions.map(({ parameters, results }) => [
    0x60,
    ...counted(parameters),
    ...counted(results),
  ]);
  const name = (n: number): string => `m${n}`;
  const imports = memories.map((_, n) => [...text("m"), ...text(name(n)), 0x02, ...anySize(n > 0)]);
  const bytes = Uint8Array.from([
    ...magicAndVersion,
    ...section(1, listed(types)),
    ...section(2, listed(imports)),
    ...section(3, listed(functions.map((_, index) => [index]))),
    ...section(7, listed(functions.map(({ name }, index) => [...text(name), 0x00, index]))),
    ...section(
      10,
      listed(functions.map(({ locals, body }) => counted([...localsOf(locals), ...body.flat(2), ...op.end]))),
    ),
  ]);
  const given = Object.fromEntries(memories.map((memory, n) => [name(n), memory]));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: given }).exports;
}

const localsOf = (locals: readonly number[]): number[] => listed(locals.map((type) => [1, type]));
