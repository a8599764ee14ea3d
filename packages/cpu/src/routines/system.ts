/**
 * Host routines of the control and I/O instructions. Source: Principles of Operation, "Control Instructions",
 * "Timing", "Central Processing Unit" (SIGP).
 */
import { programInterruption } from "@lockframe/architecture";
import { StorageKey } from "@lockframe/memory";
import { isTokenException, testAccess, translateAccessRegister } from "../access-registers.ts";
import { type Cpu, ProgramInterruption, PswBit, assigned } from "../cpu.ts";
import type { Processors } from "../processors.ts";
import type { ChannelInstruction } from "../services.ts";
import { Access, Event, cpu as at } from "../state.ts";
import type { HostRoutine, HostRoutines } from "./host.ts";
import { modeChanged } from "./host.ts";
import { signalProcessor } from "./signal-processor.ts";
import { performTimingFacility } from "./timing-facility.ts";

const specification = () => new ProgramInterruption(programInterruption.specification);
const privilegedOperation = () => new ProgramInterruption(programInterruption.privilegedOperation);
const specialOperation = () => new ProgramInterruption(programInterruption.specialOperation);
const addressing = () => new ProgramInterruption(programInterruption.addressing);

const bytes64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
};

// --- PSW and modes ---------------------------------------------------------------------------------

/** SAM24, SAM31, SAM64: (0, 1, 2). */
const setAddressingMode: HostRoutine = (cpu) => {
  const mode = cpu.arg32(0);
  const limit = [0x100_0000n, 0x8000_0000n][mode];
  const here = cpu.pswAddress - 2n;
  if (limit !== undefined && here >= limit) throw specification();
  setMode(cpu, mode);
  return modeChanged;
};
function setMode(cpu: Cpu, mode: number): void {
  const cleared = cpu.u64(at.pswMask) & ~(PswBit.extendedAddressing | PswBit.basicAddressing);
  const bits = [0n, PswBit.basicAddressing, PswBit.extendedAddressing | PswBit.basicAddressing][mode] ?? 0n;
  cpu.setU64(at.pswMask, cleared | bits);
  cpu.modeChanged();
}

/** BSM and BASSM: (R1, R2, 1 for BASSM). */
const branchAndSetMode: HostRoutine = (cpu) => {
  const [r1, r2, save] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2) === 1];
  const target = cpu.gr(r2);
  const next = cpu.pswAddress;
  const mask = cpu.u64(at.pswMask);
  const extended = (mask & PswBit.extendedAddressing) !== 0n;
  const basic = mask & PswBit.basicAddressing ? 0x8000_0000n : 0n;
  if (save) cpu.setGr(r1, extended ? next | 1n : (cpu.gr(r1) & ~0xffff_ffffn) | next | basic);
  else if (r1 !== 0) cpu.setGr(r1, extended ? cpu.gr(r1) | 1n : (cpu.gr(r1) & ~0x8000_0000n) | basic);
  if (r2 === 0) return 0;
  setMode(cpu, target & 1n ? 2 : target & 0x8000_0000n ? 1 : 0);
  cpu.pswAddress = (target & 1n ? target & ~1n : target) & cpu.addressMask;
  return modeChanged;
};

/** SET PSW KEY FROM ADDRESS: in the problem state only keys that CR3's mask allows. */
const setPswKey: HostRoutine = (cpu) => {
  const key = (cpu.arg64(0) >> 4n) & 15n;
  if (cpu.problemState && ((cpu.cr(3) >> (31n - key)) & 1n) === 0n) throw privilegedOperation();
  cpu.setU64(at.pswMask, (cpu.u64(at.pswMask) & ~(15n << 52n)) | (key << 52n));
  return modeChanged;
};

/** SAC and SACF. Codes: 0 primary, 1 secondary, 2 access register, 3 home. */
const setAddressSpace: HostRoutine = (cpu) => {
  const code = Number((cpu.arg64(0) >> 8n) & 15n);
  if (!cpu.dat) throw specialOperation();
  if (code > 3) throw specification();
  if (code === 3 && cpu.problemState) throw privilegedOperation();
  const secondaryControl = (cpu.cr(0) & (1n << 26n)) !== 0n;
  if ((code === 1 || code === 2) && !secondaryControl) throw specialOperation();
  const bits = [0n, 2n, 1n, 3n][code] ?? 0n;
  cpu.setU64(at.pswMask, (cpu.u64(at.pswMask) & ~(3n << 46n)) | (bits << 46n));
  return modeChanged;
};

const LOW_ADDRESS_PROTECTION = 1n << 28n;
/** Translation-exception identification of a store. */
const STORE_ACCESS = 0x400n;

// --- storage keys ----------------------------------------------------------------------------------

/** Real address of a 4 KiB block, in a register, as an absolute one. */
const blockAddress = (cpu: Cpu, register: number): number =>
  realFrame(cpu, cpu.gr(register) & cpu.addressMask & ~0xfffn);
function realFrame(cpu: Cpu, real: bigint): number {
  const absolute = real < BigInt(cpu.storage.size) ? cpu.swapPrefix(Number(real)) : Number(real);
  if (!cpu.storage.contains(absolute, 0x1000)) throw addressing();
  return absolute;
}
/** Blocks 0 and 4096 have locations that low-address protection keeps. @throws ProgramInterruption */
function refuseLowBlock(cpu: Cpu, register: number): void {
  const real = cpu.gr(register) & cpu.addressMask & ~0xfffn;
  if (real < 0x2000n && (cpu.cr(0) & LOW_ADDRESS_PROTECTION) !== 0n) {
    cpu.setU64(at.teid, STORE_ACCESS);
    throw new ProgramInterruption(programInterruption.protection);
  }
}
/** An absolute frame (no prefixing): what multiple-block operations and frame management name. */
function frameAddress(cpu: Cpu, address: bigint): number {
  if (address + 0x1000n > BigInt(cpu.storage.size)) throw addressing();
  return Number(address);
}

/** Keys that one instruction changes, and what CPUs have to forget for it. */
class KeyChanges {
  readonly #storage: Cpu["storage"];
  #first = Infinity;
  #last = -1;

  constructor({ storage }: Cpu) {
    this.#storage = storage;
  }
  set(absolute: number, key: number): void {
    const old = this.#storage.getKey(absolute);
    this.#storage.setKey(absolute, key);
    // A TLB has an entry for a page only while its reference bit is one.
    if ((old & StorageKey.reference) === 0) return;
    const { accessControl, fetchProtection, reference, change } = StorageKey;
    const forgotten = ((old ^ key) & (accessControl | fetchProtection)) | (old & ~key & (reference | change));
    if (forgotten === 0) return;
    this.#first = Math.min(this.#first, absolute / 0x1000);
    this.#last = Math.max(this.#last, absolute / 0x1000);
  }
  resetReference(absolute: number): void {
    this.set(absolute, this.#storage.getKey(absolute) & ~StorageKey.reference);
  }
  /** What the host routine returns. */
  finish(processors: Processors): number {
    if (this.#last < 0) return 0;
    processors.forgetFrames(this.#first, this.#last - this.#first + 1);
    return modeChanged;
  }
}

function storageKeys(processors: Processors): HostRoutines {
  return {
    insertStorageKey: (cpu) => {
      const key = cpu.storage.getKey(blockAddress(cpu, cpu.arg32(1)));
      cpu.setGr(cpu.arg32(0), (cpu.gr(cpu.arg32(0)) & ~0xffn) | BigInt(key & 0xfe));
    },
    /** (R1, R2, M3): M3 bits NQ 8, MR 4, MC 2, MB 1. */
    setStorageKey: (cpu) => {
      const [r1, r2, m3] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2)];
      const key = Number(cpu.gr(r1) & 0xfen);
      const changes = new KeyChanges(cpu);
      if (m3 & 1) {
        let address = cpu.gr(r2) & cpu.addressMask & ~0xfffn;
        do {
          changes.set(frameAddress(cpu, address), key);
          address += 0x1000n;
        } while (address & 0xf_ffffn);
        cpu.setGr(r2, address | (cpu.gr(r2) & 0xfffn));
      } else {
        const block = blockAddress(cpu, r2);
        const old = cpu.storage.getKey(block);
        changes.set(block, key);
        if (m3 & 6) {
          // Conditional: the old key is shown, and the code says whether it had to be set.
          cpu.setGr(r1, (cpu.gr(r1) & ~0xff00n) | (BigInt(old) << 8n));
          cpu.cc = 1;
        }
      }
      return changes.finish(processors);
    },
    resetReferenceBit: (cpu) => {
      const block = blockAddress(cpu, cpu.arg32(1));
      const code = (cpu.storage.getKey(block) >> 1) & 3;
      const changes = new KeyChanges(cpu);
      changes.resetReference(block);
      cpu.cc = code;
      return changes.finish(processors) === modeChanged ? modeChanged : code;
    },
    /** RRBM and IRBM: (R1, R2, 1 to reset). The reference bits of the 64 blocks around an address. */
    referenceBits: (cpu) => {
      const [r1, r2, reset] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2) === 1];
      const first = cpu.gr(r2) & cpu.addressMask & ~0x3_ffffn;
      const blocks = Array.from({ length: 64 }, (_, n) => realFrame(cpu, first + BigInt(n * 0x1000)));
      let bits = 0n;
      const changes = new KeyChanges(cpu);
      for (const block of blocks) {
        bits = (bits << 1n) | BigInt((cpu.storage.getKey(block) >> 2) & 1);
        if (reset) changes.resetReference(block);
      }
      cpu.setGr(r1, bits);
      return changes.finish(processors);
    },
    testBlock: (cpu) => {
      const block = blockAddress(cpu, cpu.arg32(1));
      refuseLowBlock(cpu, cpu.arg32(1));
      cpu.makeReady(block);
      cpu.storage.fill(block, 0x1000, 0);
      cpu.setGr(0, 0n);
      return 0;
    },
    /** PFMF: R1 says what (set key 0x20000, clear 0x10000, frame size 0x7000), R2 where. */
    performFrameManagement: (cpu) => {
      const [r1, r2] = [cpu.arg32(0), cpu.arg32(1)];
      const what = cpu.grLow(r1);
      const size = (what >> 12) & 7;
      if (size > 2 || what & 0xfff0_0101) throw specification();
      const changes = new KeyChanges(cpu);
      const one = (address: number) => {
        if (what & 0x10000) {
          cpu.makeReady(address);
          cpu.storage.fill(address, 0x1000, 0);
        }
        if (what & 0x20000) changes.set(address, what & 0xfe);
      };
      if (what & 0x10000) refuseLowBlock(cpu, r2);
      if (size === 0) one(blockAddress(cpu, r2));
      else {
        let address = cpu.gr(r2) & cpu.addressMask & ~0xfffn;
        const within = size === 1 ? 0xf_ffffn : 0x7fff_ffffn;
        do {
          one(frameAddress(cpu, address));
          address += 0x1000n;
        } while (address & within);
        cpu.setGr(r2, address);
      }
      return changes.finish(processors);
    },
    /** TEST PROTECTION: (address, AR, key in bits 56-59). */
    testProtection: (cpu) => {
      const [address, ar, key] = [cpu.arg64(0), cpu.arg32(1), Number((cpu.arg64(2) >> 4n) & 15n)];
      const allowed = (access: number): number => {
        try {
          cpu.withAccess({ key }, () => cpu.absolute(address, access, ar));
          return 0;
        } catch (error) {
          if (!(error instanceof ProgramInterruption)) throw error;
          cpu.dismissInterruption();
          return error.code;
        }
      };
      const fetch = allowed(Access.fetch);
      const store = fetch === 0 ? allowed(Access.store) : fetch;
      if (fetch === 0) return store === 0 ? 0 : 1;
      if (fetch === programInterruption.protection) return 2;
      if (fetch === programInterruption.addressing || fetch === programInterruption.translationSpecification)
        throw new ProgramInterruption(fetch);
      return 3;
    },
  };
}

// --- translation -----------------------------------------------------------------------------------

const DAT_PROTECTION = 0x200n;

/** Fetch or store a doubleword of a translation table. */
function tableEntry(cpu: Cpu, address: bigint): number {
  if (address + 8n > BigInt(cpu.storage.size)) throw addressing();
  return Number(address);
}
function readyEntry(cpu: Cpu, address: bigint): number {
  const entry = tableEntry(cpu, address);
  cpu.makeReady(entry);
  return entry;
}
function translation(processors: Processors): HostRoutines {
  const onAll = (forget: (cpu: Cpu) => void): number => {
    for (const cpu of processors.cpus) forget(cpu);
    return modeChanged;
  };
  return {
    purgeAlb: () => undefined,
    /** RDP: (R1 page table, R2 virtual address). */
    resetDatProtection: (cpu) => {
      const index = (cpu.gr(cpu.arg32(1)) >> 12n) & 0xffn;
      const entry = readyEntry(cpu, (cpu.gr(cpu.arg32(0)) & ~0x7ffn) + index * 8n);
      cpu.storage.store64(entry, cpu.storage.fetch64(entry) & ~DAT_PROTECTION);
      return onAll((each) => each.forgetPage(Number(index)));
    },
    /** CRDTE: (R1 old and new entry, R2 table with its type in bits 59-61, and address). CC: 0 replaced, 1 another one there. */
    compareAndReplaceTableEntry: (cpu) => {
      const [r1, r2] = [cpu.arg32(0), cpu.arg32(1)];
      const [designation, address] = [cpu.gr(r2), cpu.gr(r2 + 1)];
      const ofPages = (designation & 0x10n) === 0n;
      const level = (designation >> 2n) & 3n; // 3 region first ... 0 segment
      const index = ofPages ? (address >> 12n) & 0xffn : (address >> (20n + 11n * level)) & 0x7ffn;
      const origin = designation & (ofPages ? ~0x7ffn : ~0xfffn);
      const entry = readyEntry(cpu, origin + index * 8n);
      const found = cpu.storage.fetch64(entry);
      if (found !== cpu.gr(r1)) {
        cpu.setGr(r1, found);
        return 1;
      }
      cpu.storage.store64(entry, cpu.gr(r1 + 1));
      cpu.cc = 0;
      return onAll((each) => {
        if (ofPages) each.forgetPage(Number(index));
        else if (level === 0n) each.forgetSegment(Number(index));
        else each.flushTlb();
      });
    },
    /** CSP and CSPG: (R1, R2, 1 for CSPG). The rightmost bits of R2 ask for purging. */
    compareAndSwapAndPurge: (cpu) => {
      const [r1, r2, wide] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2) === 1];
      const size = wide ? 8 : 4;
      const address = cpu.gr(r2) & cpu.addressMask & ~BigInt(size - 1);
      cpu.testStore(address, size, r2);
      const old = wide ? cpu.fetch64(address, r2) : BigInt(cpu.fetch32(address, r2));
      const expected = wide ? cpu.gr(r1) : BigInt(cpu.grLow(r1));
      if (old !== expected) {
        if (wide) cpu.setGr(r1, old);
        else cpu.setGrLow(r1, Number(old));
        return 1;
      }
      cpu.storeBytes(address, bytes64(wide ? cpu.gr(r1 | 1) : cpu.gr(r1 | 1) << 32n).subarray(0, size), r2);
      cpu.cc = 0;
      return cpu.gr(r2) & 3n ? onAll((each) => each.flushTlb()) : 0;
    },
    /** LRA, LRAY (form 0), LRAG (form 1): (address, AR, R1, form). */
    loadRealAddressSlow: (cpu) => {
      const [address, r1, form] = [cpu.arg64(0), cpu.arg32(2), cpu.arg32(3)];
      // The space is the one that the PSW names, DAT on or off.
      const space = Number((cpu.u64(at.pswMask) >> 46n) & 3n);
      const result = realAddressIn(cpu, space, address, cpu.arg32(1));
      cpu.setU32(at.event, Event.none);
      if ("address" in result) {
        // In 64-bit mode LRA does as LRAG.
        if (form === 1 || cpu.addressMask > 0x7fff_ffffn) cpu.setGr(r1, result.address);
        else if (result.address > 0x7fff_ffffn) throw specialOperation();
        else cpu.setGrLow(r1, Number(result.address));
        return 0;
      }
      if (result.code === 0x05 || result.code === 0x12) throw new ProgramInterruption(result.code);
      return loadEntryAddress(cpu, r1, result, form === 1 || cpu.addressMask > 0x7fff_ffffn);
    },
    /** (R1: access register, R2: extended authorization index in bits 32-47). */
    testAccess: (cpu) => testAccess(cpu, cpu.ar(cpu.arg32(0)), cpu.grLow(cpu.arg32(1)) >>> 16),
    storeRealAddress: (cpu) => {
      const space = Number((cpu.u64(at.pswMask) >> 46n) & 3n);
      const result = realAddressIn(cpu, space, cpu.arg64(2), cpu.arg32(3));
      if (!("address" in result)) throw new ProgramInterruption(result.code);
      cpu.storeBytes(cpu.arg64(0), bytes64(result.address), cpu.arg32(1));
    },
    /** LURA 0, LURAG 1, STURA 2, STURG 3: (R1, R2, form). */
    useRealAddressSlow: (cpu) => {
      const [r1, r2, form] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2)];
      const size = form & 1 ? 8 : 4;
      const real = cpu.gr(r2) & cpu.addressMask;
      if (real & BigInt(size - 1)) throw specification();
      if (real + BigInt(size) > BigInt(cpu.storage.size)) throw addressing();
      const absolute = cpu.swapPrefix(Number(real));
      cpu.makeReady(absolute);
      if (form === 0) cpu.setGrLow(r1, cpu.storage.fetch32(absolute));
      else if (form === 1) cpu.setGr(r1, cpu.storage.fetch64(absolute));
      else if (form === 2) cpu.storage.store32(absolute, cpu.grLow(r1));
      else cpu.storage.store64(absolute, cpu.gr(r1));
      if (form < 2) cpu.storage.setReferenced(absolute);
      else cpu.storage.setChanged(absolute);
    },
    setPrefix: (cpu) => {
      const prefix = cpu.fetch32(cpu.arg64(0), cpu.arg32(1)) & 0x7fff_e000;
      if (!cpu.storage.contains(prefix, 0x2000)) throw addressing();
      cpu.setPrefix(prefix);
      return modeChanged;
    },
  };
}
/** Real address in a space (code of PSW bits 16-17), or the code of what is missing. */
function realAddressIn(cpu: Cpu, space: number, address: bigint, ar: number): RealAddress {
  if (space !== 1) return cpu.realAddress(address, cpu.cr([1, 1, 7, 13][space] ?? 1));
  try {
    return cpu.realAddress(address, translateAccessRegister(cpu, ar).asce);
  } catch (error) {
    if (!isTokenException(error)) throw error;
    return { code: error.code, entry: undefined, outside: false };
  }
}
type RealAddress = ReturnType<Cpu["realAddress"]>;

/**
 * LOAD REAL ADDRESS without a real address: of an invalid entry of a segment or page table, its address; else, or when
 * that does not fit, the interruption code. Returns the condition code.
 */
function loadEntryAddress(
  cpu: Cpu,
  r1: number,
  { code, entry, outside }: Exclude<RealAddress, { address: bigint }>,
  wide: boolean,
): number {
  if (entry === undefined || (entry > 0x7fff_ffffn && (!wide || outside))) {
    cpu.setGrLow(r1, 0x8000_0000 | code);
    return 3;
  }
  if (wide && !outside) cpu.setGr(r1, entry);
  else cpu.setGrLow(r1, Number(entry));
  if (outside) return 3;
  return code === 0x10 ? 1 : 2;
}

// --- timing ----------------------------------------------------------------------------------------

function timing(processors: Processors): HostRoutines {
  const { clock } = processors;
  return {
    setClock: (cpu) => {
      clock.set(cpu.fetch64(cpu.arg64(0), cpu.arg32(1)));
      return 0;
    },
    performTimingFacility: performTimingFacility(clock),
    /** (first operand, its AR, second operand, its AR, R3, which has the address of the third). */
    extractCpuTime: (cpu) => {
      const r3 = cpu.arg32(4);
      const first = cpu.fetch64(cpu.arg64(0), cpu.arg32(1));
      const second = cpu.fetch64(cpu.arg64(2), cpu.arg32(3));
      const third = cpu.fetch64(cpu.gr(r3) & cpu.addressMask, r3);
      cpu.setGr(0, BigInt.asUintN(64, first - processors.timersOf(cpu).cpuTimer));
      cpu.setGr(1, second);
      cpu.setGr(r3, third);
    },
  };
}

// --- the machine -----------------------------------------------------------------------------------

function machine(processors: Processors): HostRoutines {
  const { services } = processors;
  return {
    signalProcessor: (cpu) =>
      signalProcessor(processors, cpu, cpu.arg32(0), cpu.arg32(1), Number(cpu.arg64(2) & 0xffn)),
    diagnose: (cpu) => services.diagnose(cpu, Number(cpu.arg64(2) & 0xffffn), cpu.arg32(0), cpu.arg32(1)),
    serviceCall: (cpu) =>
      services.serviceCall(cpu, cpu.grLow(cpu.arg32(0)), cpu.gr(cpu.arg32(1)) & cpu.addressMask),
    ultravisorCall: (cpu) => services.ultravisorCall(cpu, cpu.arg32(0), cpu.arg32(1), cpu.arg32(2)),
    storeSystemInformation: (cpu) => services.storeSystemInformation(cpu, cpu.arg64(0), cpu.arg32(1)),
    storeCpuId: (cpu) => cpu.storeBytes(cpu.arg64(0), bytes64(services.cpuIdentification(cpu)), cpu.arg32(1)),
    storeFacilityList: (cpu) => {
      cpu.storage.storeBytes(cpu.lowcore(assigned.facilityList), services.facilityList(cpu).subarray(0, 4));
    },
    /** GR0 says how many doublewords there are room for, less one; it gets how many there are. */
    storeFacilityListExtended: (cpu) => {
      const list = services.facilityList(cpu);
      const available = Math.ceil(list.length / 8);
      const room = Number(cpu.gr(0) & 0xffn) + 1;
      const padded = new Uint8Array(available * 8);
      padded.set(list);
      cpu.storeBytes(cpu.arg64(0), padded.subarray(0, Math.min(room, available) * 8), cpu.arg32(1));
      cpu.setGr(0, (cpu.gr(0) & ~0xffn) | BigInt(available - 1));
      return room < available ? 3 : 0;
    },
    /** MONITOR CALL: an event when CR8's mask has the class. */
    monitorCall: (cpu) => {
      const monitorClass = cpu.arg32(0) & 15;
      if (((cpu.cr(8) >> BigInt(15 - monitorClass)) & 1n) === 0n) return 0;
      cpu.storage.store16(cpu.lowcore(assigned.monitorClass), monitorClass);
      cpu.storage.store64(cpu.lowcore(assigned.monitorCode), cpu.arg64(1));
      cpu.setU32(at.programCode, programInterruption.monitorEvent);
      cpu.setU32(at.event, Event.programAfter);
      return modeChanged;
    },
    ...Object.fromEntries(
      channelInstructions.map((name) => [
        name,
        (cpu: Cpu) => services.channelInstruction(cpu, name, cpu.arg64(0), cpu.arg32(1)),
      ]),
    ),
    channelSubsystemCall: (cpu) =>
      services.channelInstruction(
        cpu,
        "channelSubsystemCall",
        cpu.gr(cpu.arg32(0)) & cpu.addressMask,
        cpu.arg32(0),
      ),
    setInterruptionControls: (cpu) => {
      services.setInterruptionControls(
        Number(cpu.gr(cpu.arg32(0)) & 0xffffn),
        Number((cpu.gr(cpu.arg32(1)) >> 27n) & 7n),
      );
      return 0;
    },
  };
}
const channelInstructions: readonly ChannelInstruction[] = [
  "clearSubchannel",
  "haltSubchannel",
  "modifySubchannel",
  "startSubchannel",
  "storeSubchannel",
  "testSubchannel",
  "testPendingInterruption",
  "resumeSubchannel",
  "storeChannelReportWord",
  "storeChannelPathStatus",
  "resetChannelPath",
  "setChannelMonitor",
  "setAddressLimit",
  "cancelSubchannel",
];

/** Every routine of the control instructions. */
export const systemRoutines = (processors: Processors): HostRoutines => ({
  setAddressingMode,
  branchAndSetMode,
  setPswKey,
  setAddressSpace,
  ...storageKeys(processors),
  ...translation(processors),
  ...timing(processors),
  ...machine(processors),
});
