import { encodeEbcdic, programInterruption, type ProgramInterruptionCode } from "@lockframe/architecture";

/** A machine as STSI and STIDP describe it. */
export interface MachineDescription {
  /** Machine type, as in X'8561'. */
  readonly machineType: number;
  /** Up to 16 characters each; shorter ones are padded with blanks. */
  readonly manufacturer: string;
  readonly model: string;
  readonly sequence: string;
  /** Up to 4 characters. */
  readonly plant: string;
  readonly cpus: { readonly configured: number; readonly maximum: number };
  /** 24-bit CPU identification number. */
  readonly cpuId?: number;
  /** Logical partition, up to 8 characters; it shows at level 2 and 3. */
  readonly partition?: string;
  /** The virtual machine; without it the highest level is 2, a logical partition. */
  readonly virtualMachine?: {
    /** The first 8 characters are also the short name. */
    readonly name: string;
    readonly uuid?: Uint8Array;
    /** Up to 16 characters. Linux takes one that begins with `KVM` for KVM, and chooses its console by that. */
    readonly controlProgram: string;
  };
}

/** STORE SYSTEM INFORMATION (B27D) as the CPU meets it. */
export interface StsiRequest {
  readonly gr0: bigint;
  readonly gr1: bigint;
  /** Second-operand address. */
  readonly address: bigint;
  readonly cpuAddress: number;
  readonly problemState: boolean;
}

export type StsiOutcome =
  | { readonly kind: "exception"; readonly code: ProgramInterruptionCode }
  /** The current level was asked for. */
  | { readonly kind: "level"; readonly conditionCode: 0; readonly gr0: bigint }
  /** Store the block of 4096 bytes at the second operand. */
  | { readonly kind: "stored"; readonly conditionCode: 0; readonly sysib: Uint8Array<ArrayBuffer> }
  | { readonly kind: "unavailable"; readonly conditionCode: 3 };

const FUNCTION_CODE = 0xf0000000n;
const GR0_RESERVED = 0x0fffff00n;
const GR1_RESERVED = 0xffff0000n;
const SYSIB = 4096;
const CAPABILITY = 0x443afc29; // what QEMU states: 747.94 as a short binary floating-point number
const CAPABILITY_ADJUSTMENT = 1000; // of 1000: the whole machine
const DEDICATED = 0x80;
const UTF8 = 2;
const unavailable: StsiOutcome = { kind: "unavailable", conditionCode: 3 };

/**
 * STORE SYSTEM INFORMATION. Layouts: Principles of Operation, "System-Information Block"; order of the checks as
 * there.
 */
export function storeSystemInformation(request: StsiRequest, machine: MachineDescription): StsiOutcome {
  if (request.problemState) return { kind: "exception", code: programInterruption.privilegedOperation };
  const level = machine.virtualMachine === undefined ? 2 : 3;
  const functionCode = Number((request.gr0 & FUNCTION_CODE) >> 28n);
  if (functionCode > level) return unavailable;
  const specification: StsiOutcome = { kind: "exception", code: programInterruption.specification };
  if ((request.gr0 & GR0_RESERVED) !== 0n || (request.gr1 & GR1_RESERVED) !== 0n) return specification;
  if (functionCode === 0) {
    const gr0 = (request.gr0 & ~0xffffffffn) | (BigInt(level) << 28n);
    return { kind: "level", conditionCode: 0, gr0 };
  }
  if (request.address % BigInt(SYSIB) !== 0n) return specification;
  const selectors = `${functionCode}.${request.gr0 & 0xffn}.${request.gr1 & 0xffffn}`;
  const describe = blocks[selectors];
  if (describe === undefined) return unavailable;
  const sysib = new Uint8Array(SYSIB);
  describe(new Block(sysib), machine, request.cpuAddress);
  return { kind: "stored", conditionCode: 0, sysib };
}

/**
 * CPU identification that STORE CPU ID (B202) stores: version code 1 byte (X'FF' in a virtual machine),
 * identification number 3, machine type 2, format 1 bit and 15 zeros.
 */
export function cpuIdentification(machine: MachineDescription): bigint {
  const version = machine.virtualMachine === undefined ? 0n : 0xffn;
  const number = BigInt((machine.cpuId ?? 0) & 0xffffff);
  return (version << 56n) | (number << 32n) | (BigInt(machine.machineType) << 16n) | 0x8000n;
}

type Describe = (block: Block, machine: MachineDescription, cpuAddress: number) => void;

/** System-information blocks by function code and selectors. */
const blocks: Readonly<Record<string, Describe>> = {
  "1.1.1": (block, machine) => {
    block.text(32, 16, machine.manufacturer);
    block.text(48, 4, machine.machineType.toString(16).toUpperCase().padStart(4, "0"));
    block.text(64, 16, machine.model);
    block.text(80, 16, machine.sequence);
    block.text(96, 4, machine.plant);
    block.text(100, 16, machine.model);
  },
  "1.2.1": (block, machine, cpuAddress) => block.cpu(machine, cpuAddress),
  "1.2.2": (block, machine) => {
    block.word(32, CAPABILITY);
    block.cpuCounts(36, machine.cpus);
  },
  "2.2.1": (block, machine, cpuAddress) => block.cpu(machine, cpuAddress),
  "2.2.2": (block, machine) => {
    block.byte(35, DEDICATED);
    block.cpuCounts(36, machine.cpus);
    block.text(44, 8, machine.partition ?? machine.plant);
    block.word(52, CAPABILITY_ADJUSTMENT);
    block.halfword(72, machine.cpus.configured);
  },
  "3.2.2": (block, { virtualMachine, cpus }) => {
    if (virtualMachine === undefined) return;
    block.byte(31, 1); // one virtual machine is described
    block.cpuCounts(36, cpus);
    block.text(44, 8, virtualMachine.name);
    block.word(52, CAPABILITY_ADJUSTMENT);
    block.text(56, 16, virtualMachine.controlProgram);
    block.byte(75, UTF8);
    block.bytes(80, (virtualMachine.uuid ?? new Uint8Array()).subarray(0, 16));
    block.bytes(2048, truncatedUtf8(virtualMachine.name, 256));
  },
};

/** Fields of a system-information block. */
class Block {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset);
  }

  byte(at: number, value: number): void {
    this.#view.setUint8(at, value);
  }

  halfword(at: number, value: number): void {
    this.#view.setUint16(at, value);
  }

  word(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  bytes(at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, at);
  }

  text(at: number, length: number, text: string): void {
    this.bytes(at, encodeEbcdic(text.padEnd(length)).subarray(0, length));
  }

  cpu(machine: MachineDescription, cpuAddress: number): void {
    this.text(80, 16, machine.sequence);
    this.text(96, 4, machine.plant);
    this.halfword(102, cpuAddress);
  }

  /** Total, configured, standby and reserved CPUs. */
  cpuCounts(at: number, { configured, maximum }: MachineDescription["cpus"]): void {
    [maximum, configured, 0, maximum - configured].forEach((count, i) => this.halfword(at + 2 * i, count));
  }
}

/** Text as UTF-8 of at most `length` bytes, no character torn. */
function truncatedUtf8(text: string, length: number): Uint8Array {
  const target = new Uint8Array(length);
  const { written } = new TextEncoder().encodeInto(text, target);
  return target.subarray(0, written);
}
