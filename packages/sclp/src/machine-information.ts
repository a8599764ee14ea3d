import { LockframeError } from "@lockframe/architecture";

/** Name of something a service processor tells of: byte of the response, bit in it. */
type FeatureTable = Readonly<Record<string, readonly [byte: number, mask: number]>>;

/**
 * Configuration characteristics: byte of the Read SCP Info response and bit in it.
 * Source: QEMU's feature table, Linux sclp_early.
 */
export const configurationCharacteristics = {
  /** Read Storage Element Info. */
  storageElementInformation: [50, 0x40],
  /** Guest-storage-limit suppression (SIE). */
  gsls: [85, 0x80],
  /** Enhanced suppression on protection. */
  esop: [85, 0x02],
  /** Host page-management assist 2 (SIE). */
  hpma2: [91, 0x20],
  /** Keyless subset (SIE). */
  kss: [98, 0x01],
  /** 64-bit SCA origin (SIE). */
  sca64: [116, 0x80],
  /** Collaborative-memory-management assist (SIE). */
  cmma: [116, 0x40],
  /** PFMF interpretation (SIE). */
  pfmfi: [117, 0x40],
  /** Interlock-and-broadcast suppression (SIE). */
  ibs: [117, 0x20],
  /** DIAGNOSE 318. Present in the response with extended-length SCCB alone. */
  diagnose318: [134, 0x80],
} as const satisfies FeatureTable;

/** Features of each CPU: byte of its CPU entry and bit in it. All serve SIE. */
export const cpuEntryFeatures = {
  sief2: [2, 0x08],
  skey: [2, 0x04],
  gpere: [3, 0x20],
  siif: [3, 0x10],
  sigpif: [3, 0x08],
  ib: [7, 0x20],
  cei: [7, 0x10],
} as const satisfies FeatureTable;

export type ConfigurationCharacteristic = keyof typeof configurationCharacteristics;
export type CpuEntryFeature = keyof typeof cpuEntryFeatures;

/** What a protected guest is not told, beside every feature of the CPU entries and the topology. */
export const hiddenFromProtected: readonly ConfigurationCharacteristic[] = [
  "gsls",
  "hpma2",
  "kss",
  "sca64",
  "cmma",
  "pfmfi",
  "ibs",
  "diagnose318",
];

/** The machine as its service processor describes it. */
export interface MachineInformation {
  /** Storage in bytes, a multiple of 1 MiB. */
  readonly storageSize: number;
  /** CPUs 0 to configured-1 exist; CPU addresses go up to maximum-1. */
  readonly cpus: { readonly configured: number; readonly maximum: number };
  /** Facility 140: a control block of these commands may exceed a page, and CPU entries start at byte 144. */
  readonly extendedLengthSccb: boolean;
  /** Up to 8 characters. */
  readonly loadParameter?: string;
  readonly characteristics?: readonly ConfigurationCharacteristic[];
  readonly cpuFeatures?: readonly CpuEntryFeature[];
  /** Instruction-blocking control: lowest in the left, highest level in the right halfword. */
  readonly ibc?: number;
  /** Hypervisor-managed facility indications, byte 124. */
  readonly hmfai?: number;
  /** Power of two of the host address space, byte 99; 0: not stated. */
  readonly hamaxpow?: number;
  /** Highest nesting level of STSI 15.1.x, byte 15; 0 without topology. */
  readonly topologyNesting?: number;
}

const MIB = 1 << 20;
export const CPU_ENTRY = 16;

/** Byte at which the CPU entries of Read SCP Info start. */
export function cpuEntriesAt(machine: MachineInformation): number {
  return machine.extendedLengthSccb ? 144 : 128;
}

/** How many CPUs a machine may have so that its description fits the one page that a protected guest gets. */
export function mostCpus(machine: Pick<MachineInformation, "extendedLengthSccb">): number {
  return (4096 - (machine.extendedLengthSccb ? 144 : 128)) / CPU_ENTRY;
}

/** @throws LockframeError LF-SCLP-001, LF-SCLP-002: the machine cannot be described to a guest */
export function checkMachine(machine: MachineInformation): void {
  const { configured, maximum } = machine.cpus;
  if (machine.storageSize < MIB || machine.storageSize % MIB !== 0) {
    throw new LockframeError(
      "LF-SCLP-001",
      `storage of ${machine.storageSize} bytes is not a multiple of 1 MiB`,
      "give the storage size in whole MiB",
    );
  }
  if (configured < 1 || maximum < configured || maximum > mostCpus(machine)) {
    throw new LockframeError(
      "LF-SCLP-002",
      `${configured} of at most ${maximum} CPUs cannot be described to a guest`,
      `have at least 1 and at most ${mostCpus(machine)} CPUs`,
    );
  }
}
