import { type Boot, boot, type Starter } from "./boots.ts";
import type { GuestParts } from "./guest-parts.ts";
import { plainStarter, protectedStarter, qemuStarter, qemuVersion } from "./starters.ts";
import { sealedImage } from "./sealed-image.ts";

/** Boots of one side: those that worked, and why the others did not. */
export interface Boots {
  readonly boots: readonly Boot[];
  readonly failure: string | undefined;
}

export type Side = "plain" | "protected" | "qemu";

/** What rows measure with. Boots are made once and shared by all rows that ask for them. */
export class BenchContext {
  /** How many times everything is measured. */
  readonly runs: number;
  readonly #folder: string;
  readonly #parts: () => Promise<GuestParts>;
  #files: Promise<GuestParts> | undefined;
  readonly #boots = new Map<Side, Promise<Boots>>();

  /** `folder` takes temporary files; `parts` gets kernel and initramfs when a row first needs them. */
  constructor(runs: number, folder: string, parts: () => Promise<GuestParts>) {
    this.runs = runs;
    this.#folder = folder;
    this.#parts = parts;
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

  async #bootAll(side: Side): Promise<Boots> {
    const starter = await this.#starter(side);
    if (typeof starter === "string") {
      return { boots: [], failure: starter };
    }
    const boots: Boot[] = [];
    for (let run = 0; run < this.runs; run++) {
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
      return "qemu-system-s390x is not installed (Debian's package qemu-system-misc or qemu-system-s390x)";
    }
    this.#files ??= this.#parts();
    const parts = await this.#files;
    switch (side) {
      case "qemu":
        return qemuStarter(parts);
      case "plain":
        return plainStarter(parts);
      case "protected": {
        const sealed = await sealedImage(parts, this.#folder);
        return typeof sealed === "string" ? sealed : protectedStarter(sealed.image, sealed.hostKey);
      }
    }
  }
}
