/** An I/O interruption that waits: what is stored at the assigned locations X'B8' to X'C3'. */
export interface IoInterruption {
  /** Subsystem-identification word; 0 for an adapter. */
  readonly identification: number;
  readonly parameter: number;
  /** Interruption-identification word: {adapter 1 bit, 0, subclass 3 bits, ...}. */
  readonly word: number;
}

const ADAPTER = 0x80000000;
const SUBCLASS_SHIFT = 27;

/** I/O interruptions that wait for a CPU, in eight subclasses. */
export class IoInterruptions {
  readonly #waiting: IoInterruption[][] = Array.from({ length: 8 }, () => []);
  readonly #changed: () => void;
  /** Subclasses in which suppressible adapters interrupt once, and those in which they have done so. */
  readonly #single = new Set<number>();
  readonly #suppressed = new Set<number>();

  /** @param changed called when an interruption begins to wait: CPUs look whether they are enabled for it */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** A subchannel is status pending. Its earlier interruption, if it still waits, is replaced. */
  present(identification: number, subclass: number, parameter: number): void {
    this.withdraw(identification);
    this.#add(subclass, { identification, parameter, word: (subclass << SUBCLASS_SHIFT) >>> 0 });
  }

  /**
   * An adapter has set its indicators. One interruption of a subclass is enough for all.
   * @param suppressible the adapter's interruptions are subject to SET INTERRUPTION CONTROLS: those of virtio are not
   */
  presentAdapter(subclass: number, suppressible = false): void {
    if (suppressible && this.#suppressed.has(subclass)) return;
    if (suppressible && this.#single.has(subclass)) this.#suppressed.add(subclass);
    if (this.#queue(subclass).some(({ word }) => (word & ADAPTER) !== 0)) return;
    const word = (ADAPTER | (subclass << SUBCLASS_SHIFT)) >>> 0;
    this.#add(subclass, { identification: 0, parameter: 0, word });
  }

  /** What a program says of suppressible adapters in a subclass. Either mode ends a suppression. */
  setAdapterMode(subclass: number, mode: "all" | "single"): void {
    this.#suppressed.delete(subclass);
    if (mode === "single") this.#single.add(subclass);
    else this.#single.delete(subclass);
  }

  /** A subchannel is no longer status pending. */
  withdraw(identification: number): void {
    for (const queue of this.#waiting) {
      const at = queue.findIndex((waiting) => waiting.identification === identification);
      if (at >= 0 && identification !== 0) queue.splice(at, 1);
    }
  }

  /** Subclasses in which an interruption waits, as bits of CR6: bit 32 (X'80000000') is subclass 0. */
  get pendingMask(): number {
    const mask = this.#waiting.reduce(
      (bits, queue, subclass) => (queue.length > 0 ? bits | maskOf(subclass) : bits),
      0,
    );
    return mask >>> 0;
  }

  /** Take the interruption that a CPU with this mask in CR6 accepts next: that of the lowest-numbered subclass. */
  take(cr6: number): IoInterruption | undefined {
    return this.#waiting
      .find((queue, subclass) => queue.length > 0 && (cr6 & maskOf(subclass)) !== 0)
      ?.shift();
  }

  reset(): void {
    for (const queue of this.#waiting) queue.length = 0;
    this.#single.clear();
    this.#suppressed.clear();
  }

  #add(subclass: number, interruption: IoInterruption): void {
    this.#queue(subclass).push(interruption);
    this.#changed();
  }

  #queue(subclass: number): IoInterruption[] {
    const queue = this.#waiting[subclass];
    if (queue === undefined) throw new RangeError(`I/O-interruption subclass ${subclass} does not exist`);
    return queue;
  }
}

function maskOf(subclass: number): number {
  return 0x80000000 >>> subclass;
}
