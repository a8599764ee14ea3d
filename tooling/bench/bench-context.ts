import { type Boot, boot, type Starter } from "./boots.ts";
import type { GuestParts } from "./guest-parts.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OwnEngine, plainStarter, protectedStarter, qemuStarter, qemuVersion } from "./starters.ts";
import { missingCompiler } from "./toolchain.ts";
import { WorkloadGuest, workloadInitramfs } from "./workload-guest.ts";
import type { Size } from "./workloads.ts";
import { sealedImage } from "./sealed-image.ts";

/** Boots of one side: those that worked, and why the others did not. */
export interface Boots {
  readonly boots: readonly Boot[];
  readonly failure: string | undefined;
}

export type Side = "plain" | "protected" | "qemu";

/** The two machines that execute workloads, booted; a peer that is missing, and why. */
export interface WorkloadGuests {
  readonly ours: WorkloadGuest;
  readonly peer: WorkloadGuest | undefined;
  readonly failure: string | undefined;
}

export const noQemu =
  "qemu-system-s390x is not installed (Debian's package qemu-system-misc or qemu-system-s390x)";

export interface BenchOptions {
  /** How many times everything is measured. */
  readonly runs: number;
  readonly engine: OwnEngine;
  /** `short` executes workloads for their results alone, on our side alone. */
  readonly size: Size;
}

/** What rows measure with. Boots are made once and shared by all rows that ask for them. */
export class BenchContext implements AsyncDisposable {
  readonly options: BenchOptions;
  /** Takes temporary files. */
  readonly folder: string;
  readonly #parts: () => Promise<GuestParts>;
  #files: Promise<GuestParts> | undefined;
  #guests: Promise<WorkloadGuests | string> | undefined;
  readonly #boots = new Map<Side, Promise<Boots>>();
  readonly #kept: WorkloadGuest[] = [];

  /** `parts` gets kernel and initramfs when a row first needs them. */
  constructor(options: BenchOptions, folder: string, parts: () => Promise<GuestParts>) {
    this.options = options;
    this.folder = folder;
    this.#parts = parts;
  }

  /** Kernel and initramfs of the boots. */
  parts(): Promise<GuestParts> {
    return (this.#files ??= this.#parts());
  }

  boots(side: Side): Promise<Boots> {
    const known = this.#boots.get(side);
    if (known !== undefined) {
      return known;
    }
    const made = this.#bootAll(side);
    this.#boots.set(side, made);
    return made;
  }

  /** Both machines with the same workloads, booted when a row first asks; a string says why there are none. */
  workloadGuests(): Promise<WorkloadGuests | string> {
    return (this.#guests ??= this.#bootGuests());
  }

  /** A guest that further rows use: it ends when all have been measured. */
  keep(guest: WorkloadGuest): WorkloadGuest {
    this.#kept.push(guest);
    return guest;
  }

  async #bootGuests(): Promise<WorkloadGuests | string> {
    const missing = missingCompiler();
    if (missing !== undefined) return missing;
    const parts = { kernel: (await this.parts()).kernel, initrd: join(this.folder, "workloads.cpio") };
    writeFileSync(parts.initrd, await workloadInitramfs(this.folder));
    const ours = this.keep(await WorkloadGuest.boot(plainStarter(parts, this.options.engine)));
    if (this.options.size === "short") return { ours, peer: undefined, failure: "results alone" };
    if (qemuVersion() === undefined) return { ours, peer: undefined, failure: noQemu };
    const peer = this.keep(await WorkloadGuest.boot(qemuStarter(parts)));
    return { ours, peer, failure: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#kept.map((guest) => guest.end()));
  }

  async #bootAll(side: Side): Promise<Boots> {
    const starter = await this.#starter(side);
    if (typeof starter === "string") {
      return { boots: [], failure: starter };
    }
    const boots: Boot[] = [];
    for (let run = 0; run < this.options.runs; run++) {
      const made = await boot(starter);
      if ("failure" in made) {
        return { boots, failure: made.failure };
      }
      boots.push(made);
    }
    return { boots, failure: undefined };
  }

  /** How a side is started, or why it cannot be. */
  async #starter(side: Side): Promise<Starter | string> {
    if (side === "qemu" && qemuVersion() === undefined) {
      return noQemu;
    }
    const parts = await this.parts();
    switch (side) {
      case "qemu":
        return qemuStarter(parts);
      case "plain":
        return plainStarter(parts, this.options.engine);
      case "protected": {
        const sealed = await sealedImage(parts, this.folder);
        return typeof sealed === "string"
          ? sealed
          : protectedStarter(sealed.image, sealed.hostKey, this.options.engine);
      }
    }
  }
}
