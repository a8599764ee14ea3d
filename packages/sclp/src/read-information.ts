import { encodeEbcdic } from "@lockframe/architecture";
import {
  configurationCharacteristics,
  CPU_ENTRY,
  cpuEntriesAt,
  cpuEntryFeatures,
  hiddenFromProtected,
  type MachineInformation,
} from "./machine-information.ts";
import { responseCode } from "./response-code.ts";
import { Sccb } from "./sccb.ts";

/** What changes while a machine runs. */
export interface Circumstances {
  readonly loadParameter: string;
  /** The guest is protected: features that serve SIE are hidden. */
  readonly protectedGuest: boolean;
}

const HAS_CPU_INFORMATION = 0x08; // byte 48 of the response, leftmost byte of the facilities
const LONGEST_SHORT_INCREMENTS = 0xffff;
const CPU_INFORMATION_ENTRIES_AT = 24;
const STORAGE_ELEMENT_ENTRIES_AT = 16;
const MIB = 1 << 20;

/** Read SCP Info (0002 0001, forced 0012 0001). */
export function readScpInformation(sccb: Sccb, machine: MachineInformation, now: Circumstances): void {
  const entriesAt = cpuEntriesAt(machine);
  if (!fits(sccb, machine, entriesAt + machine.cpus.maximum * CPU_ENTRY)) return;
  const { bytes, view } = sccb;
  bytes.fill(0, Sccb.HEADER, entriesAt);
  describeStorage(view, machine.storageSize);
  bytes[15] = now.protectedGuest ? 0 : (machine.topologyNesting ?? 0);
  view.setUint16(16, machine.cpus.configured);
  view.setUint16(18, entriesAt);
  bytes.set(encodeEbcdic(now.loadParameter.padEnd(8).slice(0, 8)), 24);
  view.setUint8(48, HAS_CPU_INFORMATION);
  view.setUint32(76, machine.ibc ?? 0);
  view.setUint8(99, machine.hamaxpow ?? 0);
  for (const name of machine.characteristics ?? []) {
    const [byte, mask] = configurationCharacteristics[name];
    const hidden = now.protectedGuest && hiddenFromProtected.includes(name);
    if (!hidden && byte < entriesAt) view.setUint8(byte, view.getUint8(byte) | mask);
  }
  view.setUint16(120, machine.cpus.maximum - 1);
  view.setUint32(124, machine.hmfai ?? 0);
  describeCpus(bytes.subarray(entriesAt), machine, now);
  sccb.respond(responseCode.normalRead);
}

/** Read CPU Info (0001 0001). */
export function readCpuInformation(sccb: Sccb, machine: MachineInformation, now: Circumstances): void {
  const { configured, maximum } = machine.cpus;
  if (!fits(sccb, machine, CPU_INFORMATION_ENTRIES_AT + maximum * CPU_ENTRY)) return;
  const { view } = sccb;
  sccb.bytes.fill(0, Sccb.HEADER, CPU_INFORMATION_ENTRIES_AT);
  view.setUint16(8, configured);
  view.setUint16(10, CPU_INFORMATION_ENTRIES_AT);
  view.setUint16(12, 0); // none is standby
  view.setUint16(14, CPU_INFORMATION_ENTRIES_AT + configured * CPU_ENTRY);
  describeCpus(sccb.bytes.subarray(CPU_INFORMATION_ENTRIES_AT), machine, now);
  sccb.respond(responseCode.normalRead);
}

/**
 * Read Storage Element Info (0004 ee01): which increments the storage element `ee` has. All storage is one
 * element 0, and all of it is assigned.
 */
export function readStorageElementInformation(
  sccb: Sccb,
  machine: MachineInformation,
  element: number,
): void {
  const increments = machine.storageSize / incrementSize(machine.storageSize);
  if (element !== 0) return sccb.respond(responseCode.invalidCommand);
  const { view } = sccb;
  const need = STORAGE_ELEMENT_ENTRIES_AT + increments * 4;
  if (sccb.length < need || sccb.bytes.length < need) return sccb.respond(responseCode.insufficientLength);
  view.setUint16(8, 0); // highest element
  view.setUint16(10, increments);
  view.setUint16(12, 0); // none is standby
  for (let i = 0; i < increments; i++) view.setUint32(STORAGE_ELEMENT_ENTRIES_AT + i * 4, (i + 1) << 16);
  sccb.respond(responseCode.normalRead);
}

/** Whether storage can be listed increment by increment in one page. */
export function storageElementFits(storageSize: number): boolean {
  return STORAGE_ELEMENT_ENTRIES_AT + (storageSize / incrementSize(storageSize)) * 4 <= 4096;
}

/** Refuses a block too short for the response, telling the length needed where the program allows it. */
function fits(sccb: Sccb, machine: MachineInformation, need: number): boolean {
  if (sccb.length < need) {
    if (machine.extendedLengthSccb && sccb.variableLengthResponse) sccb.length = need;
    sccb.respond(responseCode.insufficientLength);
    return false;
  }
  if (sccb.bytes.length < need) {
    sccb.respond(responseCode.boundaryViolation);
    return false;
  }
  return true;
}

function incrementSize(storageSize: number): number {
  let size = MIB;
  while (storageSize / size > 1020 && storageSize % (size * 2) === 0) size *= 2;
  return size;
}

function describeStorage(view: DataView, storageSize: number): void {
  const size = incrementSize(storageSize);
  const increments = storageSize / size;
  const mib = size / MIB;
  view.setUint8(10, mib <= 128 ? mib : 0);
  view.setUint32(100, mib <= 128 ? 0 : mib);
  const short = increments <= LONGEST_SHORT_INCREMENTS;
  view.setUint16(8, short ? increments : 0);
  view.setBigUint64(104, short ? 0n : BigInt(increments));
}

function describeCpus(entries: Uint8Array, machine: MachineInformation, now: Circumstances): void {
  for (let cpu = 0; cpu < machine.cpus.configured; cpu++) {
    const entry = entries.subarray(cpu * CPU_ENTRY, (cpu + 1) * CPU_ENTRY);
    entry.fill(0);
    entry[0] = cpu;
    if (now.protectedGuest) continue;
    for (const name of machine.cpuFeatures ?? []) {
      const [byte, mask] = cpuEntryFeatures[name];
      entry[byte] = (entry[byte] ?? 0) | mask;
    }
  }
}
