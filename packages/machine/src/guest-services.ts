/** What the CPUs ask of the machine: service calls, DIAGNOSE, Ultravisor calls, channel I/O, identification. */
import { facilityList, findCpuModel, programInterruption } from "@lockframe/architecture";
import type { DiagnoseTable, MachineDescription } from "@lockframe/ccw-bios";
import { cpuIdentification, storeSystemInformation } from "@lockframe/ccw-bios";
import type { ChannelSubsystem, IoOutcome } from "@lockframe/channel-subsystem";
import {
  type ChannelInstruction,
  type Cpu,
  type Processors,
  ProgramInterruption,
  type Services,
  modeChanged,
} from "@lockframe/cpu";
import { identify, operationCode } from "@lockframe/instructions";
import type { MachinePlan } from "@lockframe/plugin-api";
import { type ServiceProcessor, addressException, headerException } from "@lockframe/sclp";
import { SecureInstructionData, type Ultravisor, uvCommands } from "@lockframe/ultravisor";
import type { LifeCycle } from "./life-cycle.ts";

export interface GuestServicesOptions {
  readonly plan: MachinePlan;
  readonly ultravisor: Ultravisor;
  readonly serviceProcessor: () => ServiceProcessor;
  readonly channelSubsystem: () => ChannelSubsystem;
  readonly diagnoses: () => DiagnoseTable;
  readonly lifeCycle: () => LifeCycle;
  readonly processors: () => Processors;
}

const PAGE = 0x1000;
/** Offset of the command in an Ultravisor call's control block. */
const COMMAND_AT = 2;
/** A channel report is pending: machine-check interruption code of a repressible condition (bit 9), valid PSW and registers. */
const CHANNEL_REPORT_CHECK = 0x0040_0f1d_4033_0000n;
const CHANNEL_REPORT_SUBCLASS = 1n << 28n; // CR14 bit 35

export class GuestServices implements Services {
  readonly #options: GuestServicesOptions;
  readonly #description: MachineDescription;
  readonly #plainFacilities: Uint8Array;
  readonly #protectedFacilities: Uint8Array;
  readonly #secureInstructionData: SecureInstructionData;
  /** Operation exceptions by mnemonic of what was not there. */
  readonly unimplemented = new Map<string, number>();

  constructor(options: GuestServicesOptions) {
    this.#options = options;
    const { plan, ultravisor } = options;
    this.#description = describe(plan);
    this.#plainFacilities = facilityList(plan.facilities);
    this.#protectedFacilities = facilityList([...plan.facilities, "ultravisor-call"]);
    this.#secureInstructionData = new SecureInstructionData(ultravisor.guestView);
  }

  facilityList(): Uint8Array {
    return this.#options.ultravisor.isProtected ? this.#protectedFacilities : this.#plainFacilities;
  }
  cpuIdentification(): bigint {
    return cpuIdentification(this.#description);
  }

  /** The control block is copied: out of a protected guest by way of the secure instruction data area. */
  serviceCall(cpu: Cpu, command: number, sccbAddress: bigint): number {
    const { ultravisor } = this.#options;
    refuse(
      addressException({
        address: sccbAddress,
        prefix: cpu.prefix,
        storageSize: cpu.storage.size,
        problemState: cpu.problemState,
      }),
    );
    const address = Number(sccbAddress);
    const header = ultravisor.guestView.read(address, 8);
    refuse(headerException(header));
    const stated = new DataView(header.buffer, header.byteOffset).getUint16(0);
    const limit = ultravisor.isProtected ? this.#secureInstructionData.size : cpu.storage.size;
    const length = Math.min(stated, limit, cpu.storage.size - address);
    const result = this.#options
      .serviceProcessor()
      .serviceCall(command, ultravisor.guestView.read(address, length), address);
    ultravisor.guestView.write(address, result.sccb);
    this.#options.processors().signalService(result.signal);
    cpu.cc = result.conditionCode;
    return modeChanged; // the signal may be taken at once
  }

  diagnose(cpu: Cpu, code: number, r1: number, r3: number): number | void {
    const action = this.#options.diagnoses().execute(code, {
      r1,
      r3,
      gr: (n) => cpu.gr(n),
      problemState: cpu.problemState,
      prefix: cpu.prefix,
      protectedGuest: this.#options.ultravisor.isProtected,
    });
    switch (action.kind) {
      case "exception":
        throw new ProgramInterruption(action.code);
      case "resume":
        for (const [register, value] of action.registers) cpu.setGr(register, value);
        if ("refused" in action && action.refused !== undefined)
          this.#options.lifeCycle().blockRefused(action.refused);
        return;
      case "yield":
        this.#options.processors().endSlice();
        return modeChanged;
      default:
        this.#options.lifeCycle().ipl(cpu, action);
        return modeChanged;
    }
  }

  ultravisorCall(cpu: Cpu, _r1: number, r2: number, m3: number): number {
    const { ultravisor } = this.#options;
    if (!ultravisor.isProtected) throw new ProgramInterruption(programInterruption.operation);
    const m4 = Number((cpu.word >> 40n) & 15n);
    const address = cpu.gr(r2) & cpu.addressMask;
    if (m3 !== 0 || m4 !== 0 || (address & 7n) !== 0n)
      throw new ProgramInterruption(programInterruption.specification);
    let command = 0;
    const code = ultravisor.call({
      fetch: (offset, length) => {
        const bytes = cpu.fetchBytes(address + BigInt(offset), length, r2);
        if (offset === 0) command = new DataView(bytes.buffer, bytes.byteOffset).getUint16(COMMAND_AT);
        return bytes;
      },
      store: (offset, bytes) => cpu.storeBytes(address + BigInt(offset), bytes, r2),
    });
    // What is shared stays as it is: nothing that the CPU has made from it is stale.
    const stays = command === uvCommands.setShared.command && ultravisor.configuration?.stop === undefined;
    if (stays) return code;
    cpu.cc = code;
    return modeChanged; // pages may have changed hands
  }

  storeSystemInformation(cpu: Cpu, address: bigint, ar: number): number {
    const outcome = storeSystemInformation(
      { gr0: cpu.gr(0), gr1: cpu.gr(1), address, cpuAddress: cpu.number, problemState: cpu.problemState },
      this.#description,
    );
    switch (outcome.kind) {
      case "exception":
        throw new ProgramInterruption(outcome.code);
      case "level":
        cpu.setGr(0, outcome.gr0);
        return 0;
      case "stored":
        cpu.storeBytes(address, outcome.sysib, ar);
        return 0;
      case "unavailable":
        return 3;
    }
  }

  // --- channel I/O -----------------------------------------------------------------------------------

  channelInstruction(cpu: Cpu, name: ChannelInstruction, address: bigint, ar: number): number {
    const css = this.#options.channelSubsystem();
    const gr1 = cpu.gr(1);
    const fetch = (length: number) => cpu.fetchBytes(address, length, ar);
    const complete = (outcome: IoOutcome, at = address): number => {
      if (outcome.kind === "exception") throw new ProgramInterruption(outcome.code);
      if (outcome.data !== undefined) cpu.storeBytes(at, outcome.data, ar);
      return outcome.conditionCode;
    };
    switch (name) {
      case "storeSubchannel":
        cpu.testStore(address, 52, ar);
        return complete(css.storeSubchannel(gr1));
      case "modifySubchannel":
        return complete(css.modifySubchannel(gr1, fetch(52)));
      case "startSubchannel":
        return complete(css.startSubchannel(gr1, fetch(32)));
      case "testSubchannel":
        cpu.testStore(address, 64, ar);
        return complete(css.testSubchannel(gr1));
      case "clearSubchannel":
        return complete(css.clearSubchannel(gr1));
      case "haltSubchannel":
        return complete(css.haltSubchannel(gr1));
      case "resumeSubchannel":
        return complete(css.resumeSubchannel(gr1));
      case "cancelSubchannel":
        return complete(css.cancelSubchannel(gr1));
      case "storeChannelReportWord":
        cpu.testStore(address, 4, ar);
        return complete(css.storeChannelReportWord());
      case "testPendingInterruption":
        return this.#testPendingInterruption(cpu, address, ar, css);
      case "setChannelMonitor":
        return complete(css.setChannelMonitor(gr1, cpu.gr(2)));
      case "resetChannelPath":
        return complete(css.resetChannelPath(gr1));
      case "setAddressLimit":
        return complete(css.setAddressLimit(gr1));
      case "storeChannelPathStatus":
        cpu.storeBytes(address, new Uint8Array(32), ar);
        return 0;
      case "channelSubsystemCall": {
        if (address % BigInt(PAGE) !== 0n) throw new ProgramInterruption(programInterruption.specification);
        const request = cpu.fetchBytes(address, PAGE, ar);
        const length = new DataView(request.buffer, request.byteOffset).getUint16(0);
        return complete(css.channelSubsystemCall(request), address + BigInt(length));
      }
    }
  }
  /** At address 0 the interruption code goes to the assigned storage locations, else it is 8 bytes at the operand. */
  #testPendingInterruption(cpu: Cpu, address: bigint, ar: number, css: ChannelSubsystem): number {
    const low = (address & ~3n) === 0n;
    if (!low) cpu.testStore(address, 8, ar);
    const outcome = css.testPendingInterruption(Number(cpu.cr(6) & 0xffff_ffffn));
    if (outcome.kind === "exception") throw new ProgramInterruption(outcome.code);
    if (outcome.data !== undefined) {
      if (low) cpu.storage.storeBytes(cpu.lowcore(0xb8), outcome.data);
      else cpu.storeBytes(address, outcome.data.subarray(0, 8), ar);
    }
    return outcome.conditionCode;
  }

  setInterruptionControls(mode: number, subclass: number): void {
    const outcome = this.#options.channelSubsystem().setInterruptionControls(mode, subclass);
    if (outcome.kind === "exception") throw new ProgramInterruption(outcome.code);
  }

  takeIoInterruption(cpu: Cpu) {
    const { interruptions } = this.#options.channelSubsystem();
    if (interruptions.pendingMask === 0) return undefined;
    const taken = interruptions.take(Number(cpu.cr(6) & 0xffff_ffffn));
    return (
      taken && { subsystemId: taken.identification, parameter: taken.parameter, identification: taken.word }
    );
  }
  ioInterruptionPending(cr6: bigint): boolean {
    return (this.#options.channelSubsystem().interruptions.pendingMask & Number(cr6 & 0xffff_ffffn)) !== 0;
  }
  takeMachineCheck(cpu: Cpu): bigint | undefined {
    if ((cpu.cr(14) & CHANNEL_REPORT_SUBCLASS) === 0n || !this.#reportWaiting) return undefined;
    this.#reportWaiting = false;
    return CHANNEL_REPORT_CHECK;
  }
  #reportWaiting = false;
  /** A channel report waits to be announced by a machine check. */
  announceChannelReport(): void {
    this.#reportWaiting = true;
  }

  unknownOperation(_cpu: Cpu, word: bigint): void {
    const name = nameOf(word);
    if (name !== undefined) this.unimplemented.set(name, (this.unimplemented.get(name) ?? 0) + 1);
  }
}

function refuse(code: number | undefined): void {
  if (code !== undefined) throw new ProgramInterruption(code);
}

/** Mnemonic of an instruction that the architecture has and this machine has not; undefined for what is none. */
function nameOf(word: bigint): string | undefined {
  const known = identify(operationCode(word));
  if (known === undefined) return undefined;
  return known.facility === undefined
    ? known.mnemonic
    : `${known.mnemonic} (facility ${known.facility} not offered)`;
}

function describe({ cpu, name, uuid }: MachinePlan): MachineDescription {
  const model = findCpuModel(cpu.model);
  return {
    machineType: model?.machineType ?? 0x3931,
    manufacturer: "Lockframe",
    model: (model?.name ?? cpu.model).toUpperCase(),
    sequence: "0000000000000001",
    plant: "00",
    cpus: { configured: cpu.count, maximum: cpu.maxCount },
    partition: "LOCKFRAM",
    virtualMachine: {
      name,
      controlProgram: "KVM/Linux",
      ...(uuid !== undefined && { uuid: Buffer.from(uuid.replaceAll("-", ""), "hex") }),
    },
  };
}
