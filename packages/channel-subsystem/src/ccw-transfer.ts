import { type ChannelCommandWord, ccwFlag } from "./channel-command-word.ts";
import { end, type Ending, type Transfer } from "./channel-device.ts";
import { type KeyedStorage, StorageFault } from "./channel-storage.ts";
import { type DataArea, dataAreas } from "./data-areas.ts";
import type { OperationRequestBlock } from "./operation-request-block.ts";

export interface TransferPorts {
  readonly orb: OperationRequestBlock;
  readonly storage: KeyedStorage;
  /** The CCW that data chaining leads to. @throws StorageFault */
  nextChained(): ChannelCommandWord;
  /** Data comes to a place at which the program wants an interruption. */
  programControlled(): void;
}

/** Data of one command, across the CCWs that data chaining joins. */
export class CcwTransfer implements Transfer {
  readonly command: number;
  readonly count: number;
  readonly #ports: TransferPorts;
  #ccw: ChannelCommandWord;
  #areas: Iterator<DataArea, void>;
  /** What is left of the area that data goes to now. */
  #area: DataArea | undefined;
  #residual: number;
  #moved = false;
  #tooLong = false;
  #fault = 0;
  #open = true;

  constructor(first: ChannelCommandWord, ports: TransferPorts) {
    this.command = first.command;
    this.count = first.count;
    this.#ports = ports;
    this.#ccw = first;
    this.#areas = dataAreas(first, ports.orb, ports.storage);
    this.#residual = first.count;
  }

  /** The CCW that is in effect. */
  get ccw(): ChannelCommandWord {
    return this.#ccw;
  }
  /** Bytes of that CCW that were not used. */
  get residual(): number {
    return this.#residual;
  }
  /** Whether the command used its data area at all. */
  get moved(): boolean {
    return this.#moved;
  }
  /** The device had more for the program than there was room for. */
  get tooLong(): boolean {
    return this.#tooLong;
  }
  /** Subchannel status of the fault that ended the transfer; 0: none. */
  get fault(): number {
    return this.#fault;
  }

  /** Nothing more reaches storage: the command has ended, or the program was cleared. */
  close(): void {
    this.#open = false;
  }

  toStorage(bytes: Uint8Array): Ending {
    let done = 0;
    this.#move(bytes.length, ({ address, length, skip }) => {
      if (!skip) this.#ports.storage.store(address, bytes.subarray(done, done + length));
      done += length;
    });
    if (done < bytes.length && this.#fault === 0) this.#tooLong = true;
    return end();
  }

  fromStorage(limit: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    this.#move(limit, ({ address, length }) => pieces.push(this.#ports.storage.fetch(address, length)));
    return Buffer.concat(pieces);
  }

  preview(limit: number): Uint8Array {
    const { orb, storage } = this.#ports;
    const pieces: Uint8Array[] = [];
    let left = this.#moved || !this.#open ? 0 : Math.min(limit, this.#residual);
    this.#guarded(() => {
      for (const area of dataAreas(this.#ccw, orb, storage)) {
        if (left === 0) break;
        const length = Math.min(left, area.length);
        pieces.push(storage.fetch(area.address, length));
        left -= length;
      }
    });
    return Buffer.concat(pieces);
  }

  /** Visit pieces of up to `limit` bytes in all. A fault ends the visit and all later ones. */
  #move(limit: number, visit: (piece: DataArea) => void): void {
    if (limit > 0) this.#moved = true;
    this.#guarded(() => {
      for (let left = limit; left > 0;) {
        const area = this.#currentArea();
        if (area === undefined) return;
        const length = Math.min(left, area.length);
        visit({ ...area, length });
        this.#area = { ...area, address: area.address + length, length: area.length - length };
        this.#residual -= length;
        left -= length;
      }
    });
  }

  #guarded(access: () => void): void {
    if (!this.#open || this.#fault !== 0) return;
    try {
      access();
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      this.#fault = error.status;
    }
  }

  /** The area that has room, of this CCW or of the next that data is chained to. */
  #currentArea(): DataArea | undefined {
    while (this.#area === undefined || this.#area.length === 0) {
      const next = this.#residual === 0 ? undefined : this.#areas.next().value;
      if (next !== undefined) {
        this.#area = next;
        if (next.interrupts === true) this.#ports.programControlled();
      } else if ((this.#ccw.flags & ccwFlag.chainData) === 0) return undefined;
      else this.#chain();
    }
    return this.#area;
  }

  #chain(): void {
    const ccw = this.#ports.nextChained();
    this.#ccw = ccw;
    this.#areas = dataAreas(ccw, this.#ports.orb, this.#ports.storage);
    this.#residual = ccw.count;
  }
}
