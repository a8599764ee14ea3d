/**
 * Where the engine keeps things at the low end of the WebAssembly memory: decode tables, then one block for
 * each CPU. Numbers are host (little-endian) numbers. Offsets of `cpu` count from the start of a CPU's block.
 */

/** Handler number by the first halfword of an instruction; or `SECOND_LEVEL` and a page of the second table, times 256. */
export const DECODE_FIRST = 0x10000;
/** Pages of 256 handler numbers, by the sixth byte of an instruction. */
export const DECODE_SECOND = 0x30000;
export const DECODE_SECOND_END = 0x40000;
export const SECOND_LEVEL = 0x8000;

/**
 * Places where compiled code can be entered, and those that may become so: a direct-mapped table of {place (i32),
 * value (i32)}. A negative value is the number of a region and the sign bit; others count executions.
 */
export const Entries = {
  base: 0x40000,
  size: 0x200000,
  /** Arrivals after which compilation is asked for (i32), and how many that is unless a test says otherwise. */
  threshold: 0x240004,
  patience: 10_000,
  /** Requests: their number (i32), then `EntryRequest`s. */
  requests: 0x240000,
  mostRequests: 1023,
} as const;

/** What all CPUs of a machine share, below everything else. */
export const Global = {
  /** Number of CPUs. */
  cpuCount: 0x100,
  /** `ClockCells` of the TOD clock. */
  clock: 0x108,
} as const;

/** Code that is to be compiled: its place, its address, and the address space (ASCE) that it was run in. */
export const EntryRequest = { place: 8, address: 16, asce: 24, size: 24 } as const;
/** An address-space-control element for real addresses. */
export const REAL_SPACE = 0x20;

/**
 * The program mask (PSW bits 20-23), which few programs ever set. Compiled code does not look at the bits in `untested`
 * (i32), so that it is not entered while one of them is on; `met` (i32) says that this has happened.
 */
export const ProgramMask = { untested: 0x247000, met: 0x247004, all: 15 } as const;

/**
 * How often each region may yet be entered before it is compiled again, with more of what is around it: a count (i32) by
 * the region's number; zero when it stays as it is.
 */
export const Patience = {
  base: 0x250000,
  mostRegions: 0x1_0000,
  entries: 200_000,
  entriesOfLarge: 1_000_000,
} as const;

/**
 * Now and then, where control came from when a region was entered: their number (i32), then pairs of the breaking-event
 * address and the region's (two i64).
 */
export const Arrivals = { base: 0x248000, first: 8, size: 16, most: 1023, among: 1024 } as const;

export const CPU_BLOCKS = 0x290000;
export const CPU_BLOCK_SIZE = 0x1d0000;

/** Bytes of the memory that belong to the engine for a number of CPUs. */
export const engineArea = (cpuCount: number): number => CPU_BLOCKS + cpuCount * CPU_BLOCK_SIZE;
export const cpuBlock = (cpuNumber: number): number => CPU_BLOCKS + cpuNumber * CPU_BLOCK_SIZE;

export const cpu = {
  /** General registers, 16 x 8 bytes. */
  gr: 0x000,
  /** Access registers, 16 x 4 bytes. */
  ar: 0x080,
  /** Control registers, 16 x 8 bytes. */
  cr: 0x0c0,
  /** Vector registers, 32 x 16 bytes, reversed like storage: doubleword 0 (the floating-point register) lies at +8. */
  vr: 0x140,
  /** PSW bits 0-63 without the condition code, and the instruction address. */
  pswMask: 0x340,
  pswAddress: 0x348,
  addressMask: 0x350,
  cc: 0x358,
  fpc: 0x35c,
  prefix: 0x360,
  todProgrammable: 0x364,
  cpuAddress: 0x368,
  breakingEvent: 0x370,

  /** Why the interpreter returned; see `Event`. */
  event: 0x378,
  programCode: 0x37c,
  dxc: 0x380,
  /** Instruction-length code in bytes of the last instruction. */
  instructionLength: 0x384,
  /** Translation-exception identification, exception access identification (AR number). */
  teid: 0x388,
  accessId: 0x390,
  /** SVC number. */
  svcNumber: 0x394,
  /** Instruction word of the instruction that called out, left-aligned. */
  word: 0x398,
  /** Arguments of a host routine, eight doublewords. */
  args: 0x3a0,
  /** Next sequential address, for the functions of instructions. */
  nextAddress: 0x3e0,
  /** Nonzero: an interruption may be pending; looked at when the system mask changes. */
  interruptionPending: 0x3e8,
  clockComparator: 0x3f0,
  /** What the TOD clock says when the CPU timer is zero. */
  cpuTimerBase: 0x3f8,

  /** TLBs in use (host offsets of tables of `Tlb` entries). */
  tlbRead: 0x400,
  tlbWrite: 0x404,
  tlbFetch: 0x408,
  /** Address-space-control element for data and for instructions, when DAT is on. */
  asceData: 0x410,
  asceFetch: 0x418,
  /** 1 DAT on; access-register mode makes `accessRegisterMode` 1. */
  dat: 0x420,
  accessRegisterMode: 0x424,
  /** PSW key in the position it has in a storage key (bits 0-3); 0 also when nothing can be protected by key. */
  accessKey: 0x428,
  /** Low-address protection: CR0 bit 35, and the space is not private. */
  lowAddressProtection: 0x42c,
  /** Fetch-protection override CR0 bit 38; storage-protection override CR0 bit 39. */
  fetchOverride: 0x430,
  storageOverride: 0x434,
  /** The instruction that was fetched off the fast path. */
  fetchWord: 0x448,
  /** 1 when enhanced DAT 1 is installed and CR0 bit 40 is one. */
  enhancedDat: 0x450,
  /** Result of a translation: absolute address of the page, and whether writing is DAT-protected. */
  translated: 0x458,
  translatedProtected: 0x460,
  /** Counters, i64 each. */
  tlbMisses: 0x468,
  /** Not zero: a store changed a page from which code was made. */
  codeChanged: 0x470,

  /** Not zero: the next instruction is not for compiled code. */
  interpretNext: 0x480,
  /** The region that was entered last, as its entry has it. */
  lastRegion: 0x484,
  /** Counts how often translations were forgotten, or a TLB context has come to hold something else. */
  tlbGeneration: 0x474,
  /** Place of what the current TLB context holds, and how often one was chosen. */
  tlbCurrent: 0x478,
  tlbUses: 0x47c,

  scratch: 0x500,
  /** What the TLB contexts hold, one `TlbContext` each. */
  tlbContexts: 0x600,
  /** Executions by handler number, when profiling. */
  tlbs: 0x1000,
} as const;

/** One TLB entry: tag (i64), and addend (i32, or i64 in the wide form); see `lower/tlb-entry.ts`. */
export const Tlb = {
  entryShift: 4,
  /** Of each of the two data TLBs, and of the instruction TLB. */
  dataEntries: 2048,
  fetchEntries: 4096,
  /** Read, write and fetch TLB of one context. */
  readOffset: 0,
  writeOffset: 0x8000,
  fetchOffset: 0x10000,
  /** Entries for stores into pages 0 and 1 while their first 512 bytes are protected: only the slow path looks at them. */
  lowOffset: 0x20000,
  lowEntries: 2,
  contextSize: 0x20040,
  contexts: 13,
  /** No page has this tag. */
  invalidTag: 1n,
} as const;

/** Host offset of a TLB context; context `contexts` is the one that never holds anything. */
export const tlbContext = (block: number, context: number): number =>
  block + cpu.tlbs + context * Tlb.contextSize;

/** What a TLB context holds: ASCE for data, ASCE for instructions, and flags that translations depend on. */
export const TlbContext = {
  asceData: 0,
  asceFetch: 8,
  /** Access key (bits 0-3 of a byte), and the other constants here; zero: the context holds nothing. */
  flags: 16,
  /** When it was chosen last, as `tlbUses` counts. */
  used: 20,
  size: 24,
  inUse: 0x100,
  dat: 1,
  lowAddressProtection: 2,
  fetchOverride: 4,
  enhancedDat: 8,
  storageOverride: 0x200,
} as const;

/** Why the interpreter returned to its caller. */
export const Event = {
  none: 0,
  /** Time slice used up. */
  slice: 1,
  /** Program interruption of the instruction at the PSW's address, which did not complete. */
  program: 2,
  /** Program interruption after completion; the PSW's address is that of the next instruction. */
  programAfter: 3,
  supervisorCall: 4,
  /** The CPU's mode or its enablement changed, and maybe its state; the PSW is up to date. */
  reload: 5,
  /** The same, by WebAssembly: nothing but PSW, control registers and TLBs has changed. */
  resume: 6,
  /** The PSW that was loaded is invalid: specification exception before the next instruction. */
  earlySpecification: 7,
} as const;

/** Kinds of access, as the translation routines take them. */
export const Access = { fetch: 0, store: 1, instruction: 2 } as const;
