/**
 * Facility indications of STORE FACILITY LIST EXTENDED.
 *
 * `bit` is the architected number (bit 0 is the leftmost of the list). `alias` is the short name that QEMU's `-cpu`
 * option knows. `generation` is that of the first machine that has it (7 z900, 8 z990, 9 System z9, 10 System z10,
 * 11 z196, 12 zEC12, 13, 14, 15, 16).
 *
 * Sources: Principles of Operation, "Facility Indications"; QEMU's table of CPU features for names and generations.
 */
export interface Facility {
  readonly bit: number;
  readonly name: string;
  readonly alias: string;
  readonly generation: number;
}

const rows = [
  [0, "n3", "esan3", 7],
  [1, "z-architecture", "zarch", 7],
  [2, "z-architecture-active", "zarch-active", 7],
  [3, "dat-enhancement", "dateh", 8],
  [4, "idte-segment-clearing", "idtes", 9],
  [5, "idte-region-clearing", "idter", 9],
  [6, "asn-and-lx-reuse", "asnlxr", 9],
  [7, "store-facility-list-extended", "stfle", 9],
  [8, "enhanced-dat-1", "edat", 10],
  [9, "sense-running-status", "srs", 9],
  [10, "conditional-sske", "csske", 10],
  [11, "configuration-topology", "ctop", 10],
  [12, "ap-query-configuration", "apqci", 12],
  [13, "ipte-range", "ipter", 11],
  [14, "nonquiescing-key-setting", "nonqks", 11],
  [15, "ap-facilities-test", "apft", 12],
  [16, "extended-translation-2", "etf2", 8],
  [17, "message-security-assist", "msa-base", 8],
  [18, "long-displacement", "ldisp", 8],
  [19, "long-displacement-fast", "ldisphp", 8],
  [20, "hfp-multiply-add", "hfpm", 8],
  [21, "extended-immediate", "eimm", 9],
  [22, "extended-translation-3", "etf3", 9],
  [23, "hfp-unnormalized-extension", "hfpue", 9],
  [24, "etf2-enhancement", "etf2eh", 9],
  [25, "store-clock-fast", "stckf", 9],
  [26, "parsing-enhancement", "parseh", 10],
  [27, "move-with-optional-specifications", "mvcos", 10],
  [28, "tod-clock-steering", "tods-base", 9],
  [30, "etf3-enhancement", "etf3eh", 9],
  [31, "extract-cpu-time", "ectg", 10],
  [32, "compare-and-swap-and-store", "csst", 10],
  [33, "compare-and-swap-and-store-2", "csst2", 10],
  [34, "general-instructions-extension", "ginste", 10],
  [35, "execute-extensions", "exrl", 10],
  [36, "enhanced-monitor", "emon", 11],
  [37, "floating-point-extension", "fpe", 11],
  [38, "order-preserving-compression", "opc", 14],
  [40, "load-program-parameter", "sprogp", 10],
  [41, "floating-point-support-enhancement", "fpseh", 10],
  [42, "decimal-floating-point", "dfp", 10],
  [43, "decimal-floating-point-fast", "dfphp", 10],
  [44, "pfpo", "pfpo", 10],
  [45, "distinct-operands", "stfle45", 11],
  [47, "cmpsc-enhancement", "cmpsceh", 11],
  [48, "dfp-zoned-conversion", "dfpzc", 12],
  [49, "miscellaneous-instruction-extensions-1", "stfle49", 12],
  [50, "constrained-transactional-execution", "cte", 12],
  [51, "local-tlb-clearing", "ltlbc", 12],
  [52, "interlocked-access-2", "iacc2", 11],
  [53, "load-store-on-condition-2", "stfle53", 13],
  [54, "entropy-encoding-compression", "eec", 14],
  [57, "message-security-assist-5", "msa5-base", 12],
  [58, "miscellaneous-instruction-extensions-2", "minste2", 14],
  [59, "semaphore-assist", "sema", 14],
  [60, "time-slice-instrumentation", "tsi", 14],
  [61, "miscellaneous-instruction-extensions-3", "minste3", 15],
  [64, "runtime-instrumentation", "ri", 12],
  [65, "ap-queue-interruption", "apqi", 12],
  [66, "reset-reference-bits-multiple", "reset-reference-bits-multiple", 11],
  [67, "cpu-measurement-counter", "cpu-measurement-counter", 10],
  [68, "cpu-measurement-sampling", "cpu-measurement-sampling", 10],
  [69, "zpci", "zpci", 12],
  [71, "adapter-event-notification", "aen", 12],
  [72, "adapter-interruption-suppression", "ais", 12],
  [73, "transactional-execution", "te", 12],
  [74, "store-hypervisor-information", "sthyi", 9],
  [75, "access-exception-fetch-store-indication", "aefsi", 11],
  [76, "message-security-assist-3", "msa3-base", 10],
  [77, "message-security-assist-4", "msa4-base", 11],
  [78, "enhanced-dat-2", "edat2", 12],
  [80, "dfp-packed-conversion", "dfppc", 13],
  [81, "ppa-in-order", "ppa15", 7],
  [82, "branch-prediction-blocking", "bpb", 7],
  [129, "vector", "vx", 13],
  [130, "instruction-execution-protection", "iep", 14],
  [131, "side-effect-access", "sea_esop2", 12],
  [133, "guarded-storage", "gs", 14],
  [134, "vector-packed-decimal", "vxpd", 14],
  [135, "vector-enhancements-1", "vxeh", 14],
  [139, "multiple-epoch", "mepoch", 14],
  [140, "extended-length-sccb", "els", 15],
  [142, "store-cpu-counter-multiple", "stcctm", 13],
  [144, "test-pending-external-interruption", "tpei", 14],
  [145, "insert-reference-bits-multiple", "irbm", 14],
  [146, "message-security-assist-8", "msa8-base", 14],
  [147, "cmm-no-translate", "cmmnt", 14],
  [148, "vector-enhancements-2", "vxeh2", 15],
  [150, "enhanced-sort", "esort-base", 15],
  [151, "deflate-conversion", "deflate-base", 15],
  [152, "vector-packed-decimal-enhancement-1", "vxpdeh", 15],
  [155, "message-security-assist-9", "msa9-base", 15],
  [156, "etoken", "etoken", 14],
  [158, "ultravisor-call", "uv", 15],
  [161, "unpack", "unpack", 15],
  [165, "neural-network-processing-assist", "nnpa", 16],
  [192, "vector-packed-decimal-enhancement-2", "vxpdeh2", 16],
  [193, "bear-enhancement", "beareh", 16],
  [194, "reset-dat-protection", "rdp", 16],
  [196, "processor-activity-instrumentation", "pai", 16],
  [197, "processor-activity-instrumentation-extension-1", "paie", 16],
] as const satisfies readonly (readonly [number, string, string, number])[];

/** The word for a facility in profiles, instruction definitions and messages. */
export type FacilityName = (typeof rows)[number][1];

/** Every facility that this project has a name for, by ascending bit. */
export const facilities: readonly (Facility & { readonly name: FacilityName })[] = rows.map(
  ([bit, name, alias, generation]) => ({ bit, name, alias, generation }),
);

/** Facilities that mean nothing without another one. */
export const facilityRequirements: readonly (readonly [facility: FacilityName, requires: FacilityName])[] = [
  ["idte-segment-clearing", "dat-enhancement"],
  ["idte-region-clearing", "idte-segment-clearing"],
  ["ipte-range", "dat-enhancement"],
  ["local-tlb-clearing", "dat-enhancement"],
  ["long-displacement-fast", "long-displacement"],
  ["decimal-floating-point-fast", "decimal-floating-point"],
  ["miscellaneous-instruction-extensions-3", "distinct-operands"],
  ["message-security-assist-3", "message-security-assist"],
  ["message-security-assist-4", "message-security-assist"],
  ["message-security-assist-5", "message-security-assist"],
  ["message-security-assist-8", "message-security-assist-3"],
  ["message-security-assist-9", "message-security-assist-3"],
  ["message-security-assist-9", "message-security-assist-4"],
  ["transactional-execution", "miscellaneous-instruction-extensions-1"],
  ["constrained-transactional-execution", "transactional-execution"],
  ["enhanced-dat-2", "enhanced-dat-1"],
  ["instruction-execution-protection", "side-effect-access"],
  ["guarded-storage", "side-effect-access"],
  ["multiple-epoch", "tod-clock-steering"],
  ["multiple-epoch", "store-clock-fast"],
  ["vector-enhancements-1", "vector"],
  ["vector-enhancements-2", "vector-enhancements-1"],
  ["vector-packed-decimal", "vector"],
  ["vector-packed-decimal-enhancement-1", "vector-packed-decimal"],
  ["vector-packed-decimal-enhancement-2", "vector-packed-decimal-enhancement-1"],
  ["neural-network-processing-assist", "vector"],
  ["reset-dat-protection", "local-tlb-clearing"],
  ["processor-activity-instrumentation-extension-1", "processor-activity-instrumentation"],
];

const byName = new Map<string, (typeof facilities)[number]>(
  facilities.flatMap((facility) => [
    [facility.alias, facility],
    [facility.name, facility],
  ]),
);

/** The facility with this name or QEMU alias. */
export function findFacility(nameOrAlias: string): (typeof facilities)[number] | undefined {
  return byName.get(nameOrAlias);
}

/** The architected bit number of a facility. */
export function facilityBit(name: FacilityName): number {
  const facility = byName.get(name);
  if (facility === undefined) throw new RangeError(`no facility is named ${name}`);
  return facility.bit;
}

/**
 * The list as STFLE stores it: 8 bytes a doubleword, bit 0 leftmost, as long as its last one bit needs (at least one
 * doubleword).
 */
export function facilityList(names: Iterable<FacilityName>): Uint8Array {
  const bits = [...names].map(facilityBit);
  const doublewords = Math.floor(Math.max(0, ...bits) / 64) + 1;
  const list = new Uint8Array(doublewords * 8);
  for (const bit of bits) list[bit >> 3] = (list[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return list;
}
