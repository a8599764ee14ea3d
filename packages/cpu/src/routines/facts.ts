/** EXTRACT CACHE ATTRIBUTE. Source: Principles of Operation, "General Instructions". */
import type { Cpu } from "../cpu.ts";
import type { HostRoutines } from "./host.ts";

const TOPOLOGY_SUMMARY = 0n;
const NOT_THERE = 0xffff_ffff_ffff_ffffn;

/** R1, address whose bits 56-59 name the attribute. This CPU has no caches: a summary of zeros, and no level has attributes. */
function extractCacheAttribute(cpu: Cpu): void {
  const attribute = cpu.arg64(1) >> 4n;
  cpu.setGr(cpu.arg32(0), attribute === TOPOLOGY_SUMMARY ? 0n : NOT_THERE);
}

export const factRoutines: HostRoutines = { extractCacheAttribute };
