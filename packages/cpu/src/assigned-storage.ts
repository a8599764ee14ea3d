/** What interruptions find and leave in storage, and which program interruptions leave what. */
import { programInterruption } from "@lockframe/architecture";

/** Event masks of program-event recording in CR9 (bits 32-39). */
export const PER_EVENTS = 0xff00_0000n;
/** Bits of an extended PSW that must be zero: 0, 2-4, 12, 24 to 30, 33-63. */
export const PSW_MUST_BE_ZERO = 0xb808_007e_7fff_ffffn;
/** Assigned storage locations. Source: Principles of Operation, "Assigned Storage Locations". */
export const assigned = {
  externalParameter: 0x80,
  externalCpuAddress: 0x84,
  externalCode: 0x86,
  svcLength: 0x88,
  svcCode: 0x8a,
  programLength: 0x8c,
  programCode: 0x8e,
  dataExceptionCode: 0x90,
  monitorClass: 0x94,
  perCode: 0x96,
  perMode: 0x97,
  perAddress: 0x98,
  accessId: 0xa0,
  teid: 0xa8,
  monitorCode: 0xb0,
  subsystemId: 0xb8,
  ioParameter: 0xbc,
  ioIdentification: 0xc0,
  facilityList: 0xc8,
  machineCheckCode: 0xe8,
  breakingEvent: 0x110,
  restartOld: 0x120,
  externalOld: 0x130,
  svcOld: 0x140,
  programOld: 0x150,
  machineCheckOld: 0x160,
  ioOld: 0x170,
  restartNew: 0x1a0,
  externalNew: 0x1b0,
  svcNew: 0x1c0,
  programNew: 0x1d0,
  machineCheckNew: 0x1e0,
  ioNew: 0x1f0,
} as const;

/** Exceptions that nullify: the old PSW names the instruction itself, which will be executed again. */
export const nullifying: ReadonlySet<number> = new Set<number>([
  programInterruption.segmentTranslation,
  programInterruption.pageTranslation,
  programInterruption.asceType,
  programInterruption.regionFirstTranslation,
  programInterruption.regionSecondTranslation,
  programInterruption.regionThirdTranslation,
  programInterruption.secureStorageAccess,
  programInterruption.nonSecureStorageAccess,
  programInterruption.secureStorageViolation,
  programInterruption.alenTranslation,
  programInterruption.aleSequence,
  programInterruption.asteValidity,
  programInterruption.asteSequence,
  programInterruption.extendedAuthority,
]);
/** Codes that store a translation-exception identification. */
export const withTeid = (code: number): boolean =>
  code === programInterruption.protection || code === 0x10 || code === 0x11 || (code >= 0x38 && code <= 0x3f);

/** Codes of access-register translation: they name the register. */
export const withAccessId = (code: number): boolean =>
  code >= programInterruption.aletSpecification && code <= programInterruption.extendedAuthority;
