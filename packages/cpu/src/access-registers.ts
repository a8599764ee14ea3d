/**
 * Access-register translation: from an access-list-entry token to the address-space-control element of the space that it
 * names. Source: Principles of Operation, "Access-Register Translation".
 */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "./cpu.ts";

/** What is found: the ASCE, and whether the space may be stored into. */
export interface AddressSpace {
  readonly asce: bigint;
  readonly fetchOnly: boolean;
}

const PRIMARY = { control: 1, alet: 0 } as const;
const SECONDARY = { control: 7, alet: 1 } as const;

/** Bits of an ALET: seven zeros, primary list, sequence number, number of the entry. */
const Token = { reserved: 0xfe00_0000, primaryList: 0x0100_0000 } as const;
/** Bits of an access-list entry's first word: invalid, fetch only, private. */
const Entry = { invalid: 0x8000_0000, fetchOnly: 0x0200_0000, private: 0x0100_0000 } as const;
/** Bit 0 of an ASN-second-table entry, and its fields, in bytes. */
const Space = { invalid: 0x8000_0000, authority: 4, asce: 8, accessList: 16, sequence: 20 } as const;
const ORIGIN = 0x7fff_ffc0;

function word(cpu: Cpu, real: number): number {
  const absolute = cpu.swapPrefix(real);
  if (!cpu.storage.contains(absolute, 4)) throw new ProgramInterruption(programInterruption.addressing);
  cpu.makeReady(absolute);
  return cpu.storage.fetch32(absolute) >>> 0;
}
const controlWord = (cpu: Cpu, number: number): number => Number(cpu.cr(number) & 0xffff_ffffn);

/** @throws ProgramInterruption the entry is not there, or not for this program */
export function translateToken(
  cpu: Cpu,
  alet: number,
  authorization = authorizationIndex(cpu),
): AddressSpace {
  if (alet === PRIMARY.alet) return { asce: cpu.cr(PRIMARY.control), fetchOnly: false };
  if (alet === SECONDARY.alet) return { asce: cpu.cr(SECONDARY.control), fetchOnly: false };
  const must = (condition: boolean, code: number): void => {
    if (!condition) throw new ProgramInterruption(code);
  };
  must((alet & Token.reserved) === 0, programInterruption.aletSpecification);
  const number = alet & 0xffff;
  // The list of the primary space's ASTE, or of the dispatchable unit.
  const holder = controlWord(cpu, alet & Token.primaryList ? 5 : 2) & ORIGIN;
  const designation = word(cpu, holder + Space.accessList);
  must(number >> 3 <= (designation & 0x7f), programInterruption.alenTranslation);
  const entry = (designation & 0x7fff_ff80) + number * 16;
  const head = word(cpu, entry);
  must((head & Entry.invalid) === 0, programInterruption.alenTranslation);
  must(((head ^ alet) & 0x00ff_0000) === 0, programInterruption.aleSequence);

  const space = word(cpu, entry + 8) & ORIGIN;
  must((word(cpu, space) & Space.invalid) === 0, programInterruption.asteValidity);
  must(word(cpu, space + Space.sequence) === word(cpu, entry + 12), programInterruption.asteSequence);
  const authorised = (head & Entry.private) === 0 || isAuthorised(cpu, authorization, head & 0xffff, space);
  must(authorised, programInterruption.extendedAuthority);
  const asce = (BigInt(word(cpu, space + Space.asce)) << 32n) | BigInt(word(cpu, space + Space.asce + 4));
  return { asce, fetchOnly: (head & Entry.fetchOnly) !== 0 };
}

/** Extended authorization index of the program. */
const authorizationIndex = (cpu: Cpu): number => controlWord(cpu, 8) >>> 16;

/** The program's index is the entry's, or has secondary authority in the space. */
function isAuthorised(cpu: Cpu, own: number, index: number, space: number): boolean {
  if (own === index) return true;
  const length = (word(cpu, space + Space.authority) >>> 4) & 0xfff;
  if (own >> 4 > length) return false;
  const table = word(cpu, space) & 0x7fff_fffc;
  const authority = word(cpu, table + ((own >> 2) & ~3)) >>> (24 - 8 * ((own >> 2) & 3));
  return (authority & (0x40 >> ((own & 3) * 2))) !== 0;
}

/** Where TEST ACCESS finds the entry of a token: its condition code. */
export function testAccess(cpu: Cpu, alet: number, authorization: number): number {
  if (alet === PRIMARY.alet) return 0;
  if (alet === SECONDARY.alet) return 3;
  try {
    translateToken(cpu, alet, authorization);
    return alet & Token.primaryList ? 2 : 1;
  } catch (error) {
    if (!isTokenException(error)) throw error;
    return 3;
  }
}

/** An exception of the translation itself; some instructions tell of it in the condition code. */
export const isTokenException = (error: unknown): error is ProgramInterruption =>
  error instanceof ProgramInterruption &&
  error.code >= programInterruption.aletSpecification &&
  error.code <= programInterruption.extendedAuthority;

/** The space of an access register; register 0 stands for the primary one. */
export const translateAccessRegister = (cpu: Cpu, register: number): AddressSpace =>
  translateToken(cpu, register === 0 ? PRIMARY.alet : cpu.ar(register));
