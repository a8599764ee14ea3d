/**
 * Entries of TLBs: a tag (64 bits), the address of a page, or no page's; and an addend at offset 8, as wide as offsets into
 * storage are. An operand of n bytes that lies in the page is at the addend, less its address, plus 8 - n.
 */
import type { I32, I64 } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";
import { Tlb } from "../state.ts";
import { type Emitter, load } from "./emitter.ts";
import { StorageOffset, offsetType } from "./storage-offset.ts";

const ADDEND = 8;
const PAGE_SHIFT = 12;

/** How far an address's entry is from the first one of a TLB that has so many. */
export const entryOffset = (address: I64, entries: number): I32 =>
  address
    .low32()
    .shrU(PAGE_SHIFT - Tlb.entryShift)
    .and((entries - 1) << Tlb.entryShift);

/** Of the entry at a place in the engine's memory, and so much farther. */
export const addendOf = (form: StorageForm, entry: I32, farther = 0): StorageOffset =>
  new StorageOffset(load[offsetType(form)](entry, farther + ADDEND).node);

export const storeAddend = (e: Emitter, entry: I32, addend: StorageOffset): void =>
  e.store(addend.type, entry, ADDEND, addend);
