import { CcwTransfer } from "./ccw-transfer.ts";
import {
  ccwFlag,
  type ChannelCommandWord,
  isTransferInChannel,
  isValidTransferInChannel,
  parseCcw,
} from "./channel-command-word.ts";
import { type Ending, status, type Transfer } from "./channel-device.ts";
import { type KeyedStorage, StorageFault } from "./channel-storage.ts";
import type { OperationRequestBlock } from "./operation-request-block.ts";
import { subchannelStatus } from "./subchannel-status-word.ts";

/** How far a channel program is. */
export type ProgramState =
  | { readonly kind: "ended"; readonly result: ProgramResult }
  | { readonly kind: "suspended"; readonly address: number; readonly count: number }
  /** The device needs time. */
  | { readonly kind: "waiting"; readonly until: Promise<unknown> }
  /** It did many commands and wants to do more. */
  | { readonly kind: "more" };

/** What the subchannel-status word tells of a program that has ended. */
export interface ProgramResult {
  readonly unitStatus: number;
  readonly subchannelStatus: number;
  /** 8 more than the address of the last CCW that was used. */
  readonly address: number;
  readonly count: number;
  readonly sense: Uint8Array | undefined;
}

export interface ProgramPorts {
  /** Have the device do a command. */
  execute(transfer: Transfer): Ending | Promise<Ending>;
  /** The device took the program's first command with initial status zero. */
  accepted(): void;
  /** A CCW with the flag for a program-controlled interruption took control. @param address 8 more than its own */
  programControlled(address: number): void;
}

const CCW = 8;
const { programCheck, incorrectLength } = subchannelStatus;
const ENDED = status.channelEnd | status.deviceEnd;

/** Interprets one channel program, CCW by CCW. Source: Principles of Operation, "Basic I/O Functions". */
export class ChannelProgram {
  readonly #orb: OperationRequestBlock;
  readonly #storage: KeyedStorage;
  readonly #ports: ProgramPorts;
  /** Of the next CCW. */
  #address: number;
  /** A CCW was executed, so that the next one may be a transfer in channel. */
  #begun = false;
  /** Resumed at a CCW with the suspend flag, which is not looked at again. */
  #resumed = false;
  #transfer: CcwTransfer | undefined;
  /** The first command has been with the device. */
  #initiated = false;

  /** @param storage with the key and the address limit of the program */
  constructor(orb: OperationRequestBlock, storage: KeyedStorage, ports: ProgramPorts) {
    this.#orb = orb;
    this.#storage = storage;
    this.#ports = ports;
    this.#address = orb.address;
  }

  /** 8 more than the address of the CCW in effect. */
  get address(): number {
    return this.#address;
  }
  /** Bytes that the CCW in effect has left. */
  get residual(): number {
    return this.#transfer?.residual ?? 0;
  }

  /** Go on: up to `limit` commands. */
  advance(limit: number): ProgramState {
    for (let done = 0; done < limit; done++) {
      const state = this.#step();
      if (state !== undefined) return state;
    }
    return { kind: "more" };
  }

  /** Go on behind the point where the program was suspended. */
  resume(): void {
    this.#resumed = true;
  }

  /** Give the program up. What the device still does to its data stays without effect. */
  abandon(): void {
    this.#transfer?.close();
  }

  /** One command. Undefined: command chaining leads to the next one. */
  #step(): ProgramState | undefined {
    try {
      const ccw = this.#fetchCommand();
      if ((ccw.flags & ccwFlag.suspend) !== 0 && !this.#resumed) {
        this.#address -= CCW;
        return { kind: "suspended", address: this.#address + CCW, count: ccw.count };
      }
      this.#resumed = false;
      return this.#execute(ccw);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      return this.#end(0, error.status, 0);
    }
  }

  #execute(ccw: ChannelCommandWord): ProgramState | undefined {
    const { storage, orb } = { storage: this.#storage, orb: this.#orb };
    const transfer = new CcwTransfer(ccw, {
      orb,
      storage,
      nextChained: () => this.#fetchChained(),
      programControlled: () => this.#ports.programControlled(this.#address),
    });
    this.#transfer = transfer;
    const ending = this.#ports.execute(transfer);
    this.#initiate(ending instanceof Promise || transfer.moved);
    if (!(ending instanceof Promise)) return this.#finish(transfer, ending);
    const until = ending.then((settled) => {
      this.#settled = settled;
    });
    return { kind: "waiting", until };
  }
  #settled: Ending | undefined;

  /** @param isZero initial status was zero: the operation is no immediate one */
  #initiate(isZero: boolean): void {
    if (!this.#initiated && isZero) this.#ports.accepted();
    this.#initiated = true;
  }

  /** The promise that the program waited for is kept. Undefined: `advance` goes on. */
  settle(): ProgramState | undefined {
    const [transfer, ending] = [this.#transfer, this.#settled];
    if (transfer === undefined || ending === undefined) throw new Error("no command waits for its device");
    this.#settled = undefined;
    return this.#finish(transfer, ending);
  }

  /** The device ended the command: chain, or end the program. */
  #finish(transfer: CcwTransfer, { status: unitStatus, sense }: Ending): ProgramState | undefined {
    transfer.close();
    const { residual, fault } = transfer;
    if (fault !== 0) return this.#end(ENDED, fault, residual);
    const unusual = (unitStatus & ~status.statusModifier) !== ENDED;
    const length = !unusual && this.#isIncorrectLength(transfer) ? incorrectLength : 0;
    const chains = (transfer.ccw.flags & (ccwFlag.chainData | ccwFlag.chainCommand)) === ccwFlag.chainCommand;
    if (unusual || length !== 0 || !chains) return this.#end(unitStatus, length, residual, sense);
    if ((unitStatus & status.statusModifier) !== 0) this.#address += CCW;
    return undefined;
  }

  #isIncorrectLength({ ccw, residual, tooLong, moved }: CcwTransfer): boolean {
    if ((ccw.flags & ccwFlag.chainData) !== 0) return moved; // the device ended while data was chained
    if ((ccw.flags & ccwFlag.suppressLength) !== 0 || (residual === 0 && !tooLong)) return false;
    const immediate = !moved;
    return !immediate || (this.#orb.ccwFormat === 1 && !this.#orb.suppressIncorrectLength);
  }

  #end(unitStatus: number, status: number, count: number, sense?: Uint8Array): ProgramState {
    return {
      kind: "ended",
      result: { unitStatus, subchannelStatus: status, address: this.#address, count, sense },
    };
  }

  /** The CCW of the next command, behind a transfer in channel if there is one. */
  #fetchCommand(): ChannelCommandWord {
    const ccw = this.#fetch(this.#begun);
    this.#begun = true;
    const { command, flags } = ccw;
    const invalidCommand = (command & 0xf) === 0 || (command & 0xf) === 8;
    const suspends = (flags & ccwFlag.suspend) !== 0;
    const noSuspension = !this.#orb.suspendControl || (flags & ccwFlag.chainData) !== 0;
    if (invalidCommand || (suspends && noSuspension)) throw new StorageFault(programCheck);
    this.#checkCount(ccw, false);
    return ccw;
  }

  /** The CCW that data chaining leads to. Its command does not count. */
  #fetchChained(): ChannelCommandWord {
    const ccw = this.#fetch(true);
    if ((ccw.flags & ccwFlag.suspend) !== 0) throw new StorageFault(programCheck);
    this.#checkCount(ccw, true);
    return ccw;
  }

  #checkCount({ count, flags }: ChannelCommandWord, chained: boolean): void {
    const allowed = this.#orb.ccwFormat === 1 && !chained && (flags & ccwFlag.chainData) === 0;
    if (count === 0 && !allowed) throw new StorageFault(programCheck);
  }

  #fetch(transferAllowed: boolean): ChannelCommandWord {
    const format = this.#orb.ccwFormat;
    let ccw = this.#fetchWord();
    if (isTransferInChannel(ccw, format)) {
      if (!transferAllowed || !isValidTransferInChannel(ccw, format)) throw new StorageFault(programCheck);
      const behind = this.#address;
      this.#address = ccw.address;
      ccw = this.#fetchWord(behind);
      if (isTransferInChannel(ccw, format)) throw new StorageFault(programCheck);
    }
    this.#checkIndirection(ccw);
    if ((ccw.flags & ccwFlag.programControlledInterruption) !== 0)
      this.#ports.programControlled(this.#address);
    return ccw;
  }

  /** @param behind the address to report if the word cannot be had: behind the transfer in channel to it */
  #fetchWord(behind?: number): ChannelCommandWord {
    const { ccwFormat: format } = this.#orb;
    const at = this.#address;
    this.#address = behind ?? at + CCW;
    const end = format === 0 ? 0x1000000 : 0x80000000;
    if (at % CCW !== 0 || at >= end) throw new StorageFault(programCheck);
    const word = parseCcw(this.#storage.unlimited.fetch(at, CCW), format);
    this.#address = at + CCW;
    return word;
  }

  #checkIndirection({ flags }: ChannelCommandWord): void {
    if ((flags & ccwFlag.modifiedIndirect) === 0) return;
    const wrong = (flags & (ccwFlag.skip | ccwFlag.indirect)) !== 0;
    if (wrong || !this.#orb.modifiedIndirect) throw new StorageFault(programCheck);
  }
}
