import { programInterruption, type ProgramInterruptionCode } from "@lockframe/architecture";
import type { DiagnoseContext } from "./diagnose.ts";
import { IplParameterBlock, LONGEST_BLOCK } from "./ipl-parameter-block.ts";

/** Reset of a CPU by the name of the Principles of Operation. */
export type CpuReset = "normal" | "initial" | "clear";

/** What the machine does after DIAGNOSE 308, as data. */
export type IplAction =
  /** Go on with the next instruction, `registers` set. `refused`: why the guest cannot become protected as it asks. */
  | { readonly kind: "resume"; readonly registers: ReadonlyMap<number, bigint>; readonly refused?: string }
  | { readonly kind: "exception"; readonly code: ProgramInterruptionCode }
  /**
   * Reset, then start the issuing CPU with the short PSW at absolute 0 ({@link expandShortPsw}); the others stay
   * stopped. Storage is kept. Of a protected guest, shared pages cease to be shared.
   */
  | {
      readonly kind: "reset";
      readonly issuingCpu: CpuReset;
      readonly otherCpus: CpuReset;
      readonly unshareAll: boolean;
    }
  /**
   * Reset everything, leave protected mode, IPL on CPU 0: from `block` if there is one, else from what the
   * machine was started with.
   */
  | { readonly kind: "re-ipl"; readonly block: IplParameterBlock | undefined }
  /**
   * Reset the I/O subsystem; clear reset of all other CPUs, which stay stopped; normal reset of the issuing one.
   * Then have the Ultravisor start the guest that `block` describes. If it fails, go on with the next instruction
   * and the failure in register `failureRegister`.
   */
  | {
      readonly kind: "start-protected";
      readonly block: IplParameterBlock;
      readonly issuingCpu: "normal";
      readonly otherCpus: "clear";
      readonly failureRegister: number;
    };

/** What DIAGNOSE 308 needs of its machine. */
export interface Diagnose308Ports {
  /** Guest storage by absolute address; for a protected guest through the Ultravisor, which copies the block. */
  readonly storage: {
    readonly size: number;
    read(address: number, length: number): Uint8Array;
    write(address: number, bytes: Uint8Array): void;
  };
  /** Facility 161. */
  readonly unpackFacility: boolean;
  /** The machine's load parameter, as the service processor tells it, is now this; up to 8 characters. */
  setLoadParameter(text: string): void;
}

/** Whether a block is accepted; if not, why the guest cannot become a protected one with it. */
interface Verdict {
  readonly accepted: boolean;
  readonly refused?: string | undefined;
}

const subcode = {
  modifiedClear: 0,
  loadNormal: 1,
  loadClear: 3,
  loadNormalWithDump: 4,
  set: 5,
  store: 6,
  setProtected: 8,
  storeProtected: 9,
  startProtected: 10,
} as const;

const SHORTEST_STATEMENT = 16; // what must exist so that a block can be looked at

/** Response codes, left in the odd register. */
const response = {
  accepted: 0x0001n,
  noConfiguration: 0x0102n,
  invalid: 0x0402n,
  noProtectedConfiguration: 0x0902n,
} as const;

/**
 * DIAGNOSE 308: IPL functions. R3 has the subcode; R1, an even register, the address of a block; the response
 * code goes to the register after it. Sources: QEMU target/s390x/diag.c and hw/s390x/ipl.c, Linux
 * arch/s390/kernel/ipl.c and Documentation/virt/kvm/s390/s390-pv-boot.rst.
 */
export class Diagnose308 {
  readonly #ports: Diagnose308Ports;
  #block: IplParameterBlock | undefined;
  #protectedBlock: IplParameterBlock | undefined;

  constructor(ports: Diagnose308Ports) {
    this.#ports = ports;
  }

  execute(context: DiagnoseContext): IplAction {
    if (context.problemState) return exception("privilegedOperation");
    const code = context.gr(context.r3);
    const { protectedGuest } = context;
    const concernsProtection = code >= subcode.setProtected;
    if (concernsProtection && (protectedGuest || !this.#ports.unpackFacility))
      return exception("specification");
    switch (code) {
      case BigInt(subcode.modifiedClear):
        return { kind: "reset", issuingCpu: "clear", otherCpus: "clear", unshareAll: protectedGuest };
      case BigInt(subcode.loadNormal):
        return { kind: "reset", issuingCpu: "initial", otherCpus: "normal", unshareAll: protectedGuest };
      case BigInt(subcode.loadClear):
        return { kind: "re-ipl", block: this.#block };
      case BigInt(subcode.loadNormalWithDump):
        // QEMU proper refuses it; under KVM the kernel makes it a load clear, and Linux's default reboot relies on it.
        return protectedGuest ? exception("specification") : { kind: "re-ipl", block: this.#block };
      case BigInt(subcode.set):
        return this.#set(context, (block) => this.#setBlock(block));
      case BigInt(subcode.store):
        return this.#store(context, this.#block);
      case BigInt(subcode.setProtected):
        return this.#set(context, (block) => this.#setProtectedBlock(block));
      case BigInt(subcode.storeProtected):
        return this.#store(context, this.#protectedBlock);
      case BigInt(subcode.startProtected):
        return this.#start(context);
      default:
        return exception("specification");
    }
  }

  /** Block that DIAGNOSE 308 or the machine set, which subcode 6 stores. */
  get block(): IplParameterBlock | undefined {
    return this.#block;
  }

  /** The machine boots from this block; undefined: from a kernel of its command line. */
  set block(block: IplParameterBlock | undefined) {
    this.#block = block;
  }

  /** A reset from outside, unlike one that the guest asks for, forgets the block that the guest set. */
  externalReset(): void {
    this.#block = undefined;
  }

  /** @param accept is given no block when what was stated is too long to be one */
  #set(context: DiagnoseContext, accept: (block: IplParameterBlock | undefined) => Verdict): IplAction {
    const refused = this.#operandException(context);
    if (refused !== undefined) return refused;
    const { storage } = this.#ports;
    const address = Number(context.gr(context.r1));
    const bytes = storage.read(address, LONGEST_BLOCK);
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    // What lies behind a block that claims to be too short is not the guest's statement.
    const stated = new Uint8Array(Math.min(Math.max(length, SHORTEST_STATEMENT), LONGEST_BLOCK));
    stated.set(bytes.subarray(0, length));
    const block = length > LONGEST_BLOCK ? undefined : new IplParameterBlock(stated);
    const verdict = accept(block);
    if (!verdict.accepted) return respond(context, response.invalid, verdict.refused);
    this.#ports.setLoadParameter(block?.loadParameter ?? "");
    return respond(context, response.accepted);
  }

  #setBlock(block: IplParameterBlock | undefined): Verdict {
    if (block?.isSettable !== true) return { accepted: false };
    this.#block = block;
    return { accepted: true };
  }

  #setProtectedBlock(block: IplParameterBlock | undefined): Verdict {
    const fault =
      block === undefined ? "it is longer than a page" : block.protectionFault(this.#ports.storage.size);
    if (fault === undefined) this.#protectedBlock = block;
    return { accepted: fault === undefined, refused: fault };
  }

  #store(context: DiagnoseContext, block: IplParameterBlock | undefined): IplAction {
    const refused = this.#operandException(context);
    if (refused !== undefined) return refused;
    if (block === undefined) return respond(context, response.noConfiguration);
    this.#ports.storage.write(Number(context.gr(context.r1)), block.bytes.subarray(0, block.length));
    return respond(context, response.accepted);
  }

  #start(context: DiagnoseContext): IplAction {
    if (this.#protectedBlock === undefined)
      return respond(context, response.noProtectedConfiguration, "none was set");
    return {
      kind: "start-protected",
      block: this.#protectedBlock,
      issuingCpu: "normal",
      otherCpus: "clear",
      failureRegister: responseRegister(context),
    };
  }

  /** The operand is a page. Of a protected guest the Ultravisor checks it, to the same effect. */
  #operandException({ r1, gr }: DiagnoseContext): IplAction | undefined {
    const address = gr(r1);
    if (r1 % 2 !== 0 || address % BigInt(LONGEST_BLOCK) !== 0n) return exception("specification");
    if (address + BigInt(LONGEST_BLOCK) > BigInt(this.#ports.storage.size)) return exception("addressing");
    return undefined;
  }
}

function exception(name: keyof typeof programInterruption): IplAction {
  return { kind: "exception", code: programInterruption[name] };
}

function responseRegister({ r1 }: DiagnoseContext): number {
  return (r1 + 1) % 16;
}

function respond(context: DiagnoseContext, code: bigint, refused?: string): IplAction {
  const registers = new Map([[responseRegister(context), code]]);
  return { kind: "resume", registers, ...(refused !== undefined && { refused }) };
}
