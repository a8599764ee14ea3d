/**
 * Operands by the same base: structures and stack frames. One access test is for all of them; a window, the place of them
 * all in storage, is kept in a local while the base is the same. It is opened where control comes to the first of them, or
 * before a loop that does not change the base.
 */
import type { Node as Expression } from "@lockframe/instructions";
import { cpu as at } from "../state.ts";
import { loopBodies } from "./loops.ts";
import type { Understood, UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { registerUse } from "./registers.ts";
import { type Node, dominates } from "./structure.ts";

export interface Window {
  /** The TLB that is asked. */
  readonly table: number;
  /** General registers whose sum is the base. */
  readonly registers: readonly number[];
  /** Displacements: the first, the last, and the one behind the last byte. */
  first: number;
  last: number;
  end: number;
  /** How many operands it is for. */
  operands: number;
  /** It is opened before a loop, and again when that did not succeed. */
  readonly loop: boolean;
}
/** Whether it is worth having. */
export const isShared = ({ operands, loop }: Window): boolean => loop || operands > 1;
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

export interface Windows {
  /** By block, for each of its instructions. */
  readonly uses: ReadonlyMap<number, readonly WindowUses[]>;
  /** What is opened before loops, by the block that the loop begins with. */
  readonly before: ReadonlyMap<number, readonly Window[]>;
}

const WIDEST = 1024;

/** `callsOut`: translations may be others afterwards. */
export function findWindows(
  region: Region,
  nodes: ReadonlyMap<number, Node>,
  callsOut: (instruction: Understood) => boolean,
): Windows {
  return new Finder(region, nodes, callsOut).windows();
}

/** What blocks do to windows. */
interface Change {
  /** Set of general registers. */
  readonly written: number;
  readonly out: boolean;
}
type Open = Map<string, Window>;

class Finder {
  readonly #blocks: Region["blocks"];
  readonly #nodes: ReadonlyMap<number, Node>;
  readonly #callsOut: (instruction: Understood) => boolean;
  readonly #loops: ReadonlyMap<number, ReadonlySet<number>>;
  readonly #before = new Map<number, readonly Window[]>();

  constructor(
    { blocks }: Region,
    nodes: ReadonlyMap<number, Node>,
    callsOut: (instruction: Understood) => boolean,
  ) {
    this.#blocks = blocks;
    this.#nodes = nodes;
    this.#callsOut = callsOut;
    this.#loops = loopBodies(blocks, nodes);
  }

  windows(): Windows {
    const uses = new Map<number, readonly WindowUses[]>();
    const open = [...this.#nodes.values()]
      .filter((node) => node.dominator === undefined)
      .map((node) => ({ node, windows: this.#atBegin(node, new Map<string, Window>()) }));
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { node, windows } = next;
      const block = this.#blocks.get(node.id);
      if (block === undefined) continue;
      uses.set(node.id, usesIn(block, windows, this.#callsOut));
      for (const child of node.children)
        open.push({ node: child, windows: this.#atChild(node, child, windows) });
    }
    return { uses, before: this.#before };
  }
  /** What is open at the begin of a block, of what is open at the end of the one that dominates it immediately. */
  #atChild(node: Node, child: Node, windows: Open): Open {
    // A loop that is also entered in its middle may have one way to its begin, and that not from what dominates it.
    const straight = !child.merge && this.#blocks.get(node.id)?.successors.some((to) => to.id === child.id);
    const between = straight ? [] : subtree(node).filter((n) => n !== node && !dominates(child, n));
    const others = between.length > 0 ? this.#change(between) : undefined;
    return this.#atBegin(child, others === undefined ? new Map(windows) : remaining(windows, others));
  }
  #atBegin(node: Node, windows: Open): Open {
    if (!node.loop) return windows;
    const body = [...(this.#loops.get(node.id) ?? [])].flatMap((id) => this.#nodes.get(id) ?? []);
    const change = this.#change(body);
    const still = remaining(windows, change);
    if (change.out) return still;
    const opened = new Map<string, Window>();
    for (const { id } of body)
      for (const { recording } of this.#blocks.get(id)?.instructions ?? [])
        for (const { address, size, table } of operandsOf(recording)) {
          const found = placeOf(address, table);
          if (found === undefined || still.has(found.name) || opened.has(found.name)) continue;
          if (found.registers.some((n) => change.written & (1 << n))) continue;
          opened.set(found.name, windowAt(found, table, size, true));
        }
    this.#before.set(node.id, [...opened.values()]);
    return new Map([...still, ...opened]);
  }
  #change(nodes: readonly Node[]): Change {
    let [written, out] = [0, false];
    for (const { id } of nodes)
      for (const instruction of this.#blocks.get(id)?.instructions ?? []) {
        written |= registerUse(instruction.recording).written;
        out ||= this.#callsOut(instruction);
      }
    return { written, out };
  }
}

const subtree = (node: Node): Node[] => [node, ...node.children.flatMap(subtree)];
const remaining = (windows: Open, { written, out }: Change): Open =>
  new Map(out ? [] : [...windows].filter(([, { registers }]) => !registers.some((n) => written & (1 << n))));

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

interface Operand {
  readonly address: Expression;
  readonly size: number;
  readonly table: number;
  /** The statement that fetches it. */
  readonly fetch: object | undefined;
}
/** Operands that may be accessed by a window: those that are fetched whatever happens, and a lone store. */
function operandsOf({ statements, effects }: Understood["recording"]): Operand[] {
  const operands: Operand[] = [];
  for (const s of statements)
    if (s.kind === "fetch" && s.size !== 16)
      operands.push({ address: s.address, size: s.size, table: at.tlbRead, fetch: s });
  const stores = effects.filter((e) => e.kind === "store");
  const [store] = stores;
  const lone = stores.length === 1 && effects.every((e) => e.kind !== "when");
  if (store !== undefined && store.size !== 16 && lone)
    operands.push({ address: store.address, size: store.size, table: at.tlbWrite, fetch: undefined });
  return operands;
}

function usesOf(recording: Understood["recording"], windows: Open): WindowUses {
  const fetches = new Map<object, WindowUse>();
  let store: WindowUse | undefined;
  for (const { address, size, table, fetch } of operandsOf(recording)) {
    const place = placeOf(address, table);
    if (place === undefined) continue;
    const use = useOf(place, size, table, windows);
    if (fetch === undefined) store = use;
    else fetches.set(fetch, use);
  }
  return { fetches, store };
}

/** An operand's address: the sum of general registers and a constant. */
export interface Place {
  readonly name: string;
  readonly registers: readonly number[];
  readonly displacement: number;
}
export function placeOf(address: Expression, table: number): Place | undefined {
  const registers: number[] = [];
  const displacement = taken(address, registers);
  if (displacement === undefined || registers.length === 0) return undefined;
  return { name: `${table} ${registers.sort((a, b) => a - b).join()}`, registers, displacement };
}
const windowAt = (
  { registers, displacement }: Place,
  table: number,
  size: number,
  loop: boolean,
): Window => ({
  table,
  registers,
  first: displacement,
  last: displacement,
  end: displacement + size,
  operands: 0,
  loop,
});

function useOf(place: Place, size: number, table: number, windows: Open): WindowUse {
  const { name, displacement } = place;
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
  const window = windowAt(place, table, size, false);
  window.operands = 1;
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
