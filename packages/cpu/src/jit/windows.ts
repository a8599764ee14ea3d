/**
 * Operands by the same base, one after the other: structures and stack frames. Where control comes to the first of them,
 * one access test is for all; a window, the place of them all in storage, is kept in a local while the base is the same.
 */
import type { Node as Expression } from "@lockframe/instructions";
import { cpu as at } from "../state.ts";
import type { Understood, UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { registerUse } from "./registers.ts";
import type { Node } from "./structure.ts";

export interface Window {
  /** General registers whose sum is the base, and the TLB that is asked, in one name. */
  readonly name: string;
  readonly table: number;
  readonly registers: readonly number[];
  /** Displacements: the first, the last, and the one behind the last byte. */
  first: number;
  last: number;
  end: number;
  /** How many operands it is for. */
  operands: number;
}
export interface WindowUse {
  readonly window: Window;
  readonly displacement: number;
  /** The window is opened here. */
  readonly opens: boolean;
}
/** Of one instruction: by the operand that is fetched, and of the only one that is stored. */
export interface WindowUses {
  readonly fetches: ReadonlyMap<object, WindowUse>;
  readonly store: WindowUse | undefined;
}

const WIDEST = 1024;

/** By block, for each of its instructions. `callsOut`: translations may be others afterwards. */
export function findWindows(
  { blocks }: Region,
  nodes: ReadonlyMap<number, Node>,
  callsOut: (instruction: Understood) => boolean,
): ReadonlyMap<number, readonly WindowUses[]> {
  const found = new Map<number, readonly WindowUses[]>();
  const open = [...nodes.values()]
    .filter((node) => node.merge || node.loop || node.dominator === undefined)
    .map((node) => ({ node, windows: new Map<string, Window>() }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, windows } = next;
    const block = blocks.get(node.id);
    if (block === undefined) continue;
    found.set(node.id, usesIn(block, windows, callsOut));
    // Nothing else leads to these.
    for (const child of node.children)
      if (!child.merge && !child.loop) open.push({ node: child, windows: new Map(windows) });
  }
  return found;
}

function usesIn(
  { instructions }: Block,
  windows: Map<string, Window>,
  callsOut: (instruction: Understood) => boolean,
): WindowUses[] {
  return instructions.map((instruction) => {
    const { recording } = instruction;
    const out = callsOut(instruction);
    const uses = out
      ? { fetches: new Map<object, WindowUse>(), store: undefined }
      : usesOf(recording, windows);
    const { written } = registerUse(recording);
    for (const [name, { registers }] of windows)
      if (out || registers.some((n) => written & (1 << n))) windows.delete(name);
    return uses;
  });
}

function usesOf({ statements, effects }: Understood["recording"], windows: Map<string, Window>): WindowUses {
  const fetches = new Map<object, WindowUse>();
  for (const s of statements) {
    if (s.kind !== "fetch" || s.size === 16) continue;
    const use = useOf(s.address, s.size, at.tlbRead, windows);
    if (use !== undefined) fetches.set(s, use);
  }
  const stores = effects.filter((e) => e.kind === "store");
  const [store] = stores;
  const lone = stores.length === 1 && effects.every((e) => e.kind !== "when");
  if (store === undefined || store.size === 16 || !lone) return { fetches, store: undefined };
  return { fetches, store: useOf(store.address, store.size, at.tlbWrite, windows) };
}

function useOf(
  address: Expression,
  size: number,
  table: number,
  windows: Map<string, Window>,
): WindowUse | undefined {
  const registers: number[] = [];
  const displacement = taken(address, registers);
  if (displacement === undefined || registers.length === 0) return undefined;
  const name = `${table} ${registers.sort((a, b) => a - b).join()}`;
  const known = windows.get(name);
  const end = displacement + size;
  if (known !== undefined) {
    const [first, last] = [Math.min(known.first, displacement), Math.max(known.last, displacement)];
    if (Math.max(known.end, end) - first <= WIDEST) {
      Object.assign(known, { first, last, end: Math.max(known.end, end) });
      known.operands += 1;
      return { window: known, displacement, opens: false };
    }
  }
  const window: Window = {
    name,
    table,
    registers,
    first: displacement,
    last: displacement,
    end,
    operands: 1,
  };
  windows.set(name, window);
  return { window, displacement, opens: true };
}

/** The constant in a sum, whose registers are put into a list; undefined when it has something else, too. */
function taken(node: Expression, registers: number[]): number | undefined {
  if (node.kind === "const") return Number(BigInt.asIntN(64, node.value));
  if (node.kind === "register") {
    if (node.file !== "gr" || node.half !== undefined || node.index.kind !== "const") return undefined;
    registers.push(Number(node.index.value));
    return 0;
  }
  if (node.kind !== "binary" || node.op !== "add") return undefined;
  const a = taken(node.a, registers);
  const b = taken(node.b, registers);
  return a === undefined || b === undefined ? undefined : a + b;
}
