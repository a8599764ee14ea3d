/**
 * Cases as the vector files keep them. Numbers are hexadecimal strings; a register or storage that is not named
 * holds the background before and is unchanged after; the address that is not named after is the next sequential one.
 */
import {
  backgroundState,
  backgroundVectors,
  type Case,
  type InterruptionClass,
  type MachineState,
  type Outcome,
  type StorageBytes,
} from "./case.ts";
import { hex } from "./compare.ts";

export interface StateJson {
  readonly address?: string;
  readonly cc?: number;
  readonly programMask?: number;
  readonly fpc?: string;
  readonly gr?: Readonly<Record<string, string>>;
  readonly ar?: Readonly<Record<string, string>>;
  readonly fr?: Readonly<Record<string, string>>;
  /** Before: there, though empty, in a case about vector registers. */
  readonly vr?: Readonly<Record<string, string>>;
  readonly storage?: Readonly<Record<string, string>>;
}

export interface CaseJson {
  readonly bytes: string;
  readonly before: StateJson;
  readonly after: StateJson & { readonly interruption?: InterruptionClass };
}

/** The vector file of an instruction. */
export interface VectorFile {
  readonly mnemonic: string;
  readonly title: string;
  /** Who says what the instruction does: "qemu-s390x 7.2.22", or "derived" from the Principles of Operation. */
  readonly provenance: string;
  readonly cases: readonly CaseJson[];
}

/** A case with its outcome, in as few words as possible. */
export function caseToJson(subject: Case, after: Outcome): CaseJson {
  const { before } = subject;
  const { interruption, state } = after;
  const usual = { ...before, address: addressAfter(subject.bytes, before.address) };
  const found = interruption === undefined ? state : { ...state, address: usual.address };
  return {
    bytes: Buffer.from(subject.bytes).toString("hex"),
    before: {
      ...difference(background(before), before),
      ...vectorCase(before),
      ...storageJson(before.storage),
    },
    after: {
      ...(interruption && { interruption: interruption.class }),
      ...difference(usual, found),
      ...storageJson(state.storage),
    },
  };
}

const background = ({ vr }: MachineState): MachineState =>
  vr === undefined ? backgroundState() : { ...backgroundState(), vr: backgroundVectors() };
/** Says that a case is about vector registers, whatever they hold. */
const vectorCase = ({ vr }: MachineState): StateJson =>
  vr === undefined ? {} : { vr: registersJson(backgroundVectors(), vr, 32) ?? {} };

const addressAfter = (bytes: Uint8Array, address: bigint): bigint => address + BigInt(bytes.length);

/** The case that a vector file keeps; `after` is the whole outcome. */
export function caseFromJson(mnemonic: string, json: CaseJson): Case & { readonly after: Outcome } {
  const usual = backgroundState();
  const before = applied(
    json.before.vr === undefined ? usual : { ...usual, vr: backgroundVectors() },
    json.before,
  );
  const { interruption, ...changes } = json.after;
  const bytes = Buffer.from(json.bytes, "hex");
  const unchanged = { ...before, address: addressAfter(bytes, before.address), storage: [] };
  const state = applied(unchanged, changes);
  return {
    mnemonic,
    bytes,
    before,
    after: interruption === undefined ? { state } : { interruption: { class: interruption }, state },
  };
}

function difference(from: MachineState, to: MachineState): StateJson {
  const json: { -readonly [K in keyof StateJson]: StateJson[K] } = {};
  if (to.address !== from.address) json.address = hex(to.address, 1);
  if (to.cc !== from.cc) json.cc = to.cc;
  if (to.programMask !== from.programMask) json.programMask = to.programMask;
  if (to.fpc !== from.fpc) json.fpc = hex(BigInt(to.fpc), 8);
  const gr = registersJson(from.gr, to.gr, 16);
  const ar = registersJson(from.ar, to.ar, 8);
  const fr = to.vr === undefined ? registersJson(from.fr, to.fr, 16) : undefined;
  const vr = registersJson(from.vr ?? [], to.vr ?? [], 32);
  return { ...json, ...(gr && { gr }), ...(ar && { ar }), ...(fr && { fr }), ...(vr && { vr }) };
}

function registersJson(
  from: readonly (bigint | number)[],
  to: readonly (bigint | number)[],
  digits: number,
): Record<string, string> | undefined {
  const entries = to.flatMap((value, index) =>
    value === from[index] ? [] : [[String(index), hex(BigInt(value), digits)]],
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function storageJson(storage: readonly StorageBytes[]): { storage?: Record<string, string> } {
  return storage.length === 0
    ? {}
    : {
        storage: Object.fromEntries(
          storage.map(({ address, bytes }) => [hex(address, 8), Buffer.from(bytes).toString("hex")]),
        ),
      };
}

function applied(state: MachineState, json: StateJson): MachineState {
  return {
    address: json.address === undefined ? state.address : BigInt(`0x${json.address}`),
    cc: json.cc ?? state.cc,
    programMask: json.programMask ?? state.programMask,
    fpc: json.fpc === undefined ? state.fpc : Number.parseInt(json.fpc, 16),
    gr: state.gr.map((value, index) => bits(json.gr, index) ?? value),
    ar: state.ar.map((value, index) => {
      const named = bits(json.ar, index);
      return named === undefined ? value : Number(named);
    }),
    fr: state.fr.map((value, index) => bits(json.fr, index) ?? value),
    ...(state.vr && { vr: state.vr.map((value, index) => bits(json.vr, index) ?? value) }),
    storage: json.storage === undefined ? state.storage : storageFromJson(json.storage),
  };
}

function bits(registers: Readonly<Record<string, string>> | undefined, index: number): bigint | undefined {
  const digits = registers?.[String(index)];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

function storageFromJson(storage: Readonly<Record<string, string>>): StorageBytes[] {
  return Object.entries(storage).map(([address, bytes]) => ({
    address: BigInt(`0x${address}`),
    bytes: Buffer.from(bytes, "hex"),
  }));
}
