/** Mutated images against everything that reads or starts one. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { LockframeError } from "@lockframe/architecture";
import { mutateImage, readSeImage, stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { Random } from "@lockframe/testkit";
import { ProtectedStart, type Started } from "./protected-start.ts";

/** Something that must never happen. */
export interface Finding {
  /** Number that, given as `--seed` with `--count 1`, makes the same mutation again. */
  readonly seed: number;
  readonly layout: string;
  readonly changes: readonly string[];
  readonly what: string;
}

/** How often what happened. */
export type Tally = Map<string, number>;

/** What an unchanged image becomes. */
interface Expected {
  readonly image: Uint8Array;
  readonly layout: "pvimg" | "genprotimg";
  readonly started: Started & { how: "started" };
}

/** Takes mutations of two valid images, one of each layout, through reader and Ultravisor. */
export class ImageFuzz {
  readonly tally: Tally = new Map();
  readonly #machine: ProtectedStart;
  readonly #expected: readonly Expected[];

  private constructor(machine: ProtectedStart, expected: readonly Expected[]) {
    this.#machine = machine;
    this.#expected = expected;
  }

  /** Makes the images. A valid one must start, or the fuzzing would prove nothing. */
  static async create(): Promise<ImageFuzz> {
    const hostKey = generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey;
    const loaders = { stage3a: stage3a(), stage3b: stage3b() };
    const machine = new ProtectedStart({ size: 0x100000, hostKey, stage3aLength: loaders.stage3a.length });
    const expected: Expected[] = [];
    for (const layout of ["pvimg", "genprotimg"] as const) {
      const image = await writeSeImage({
        kernel: tinyKernel(),
        initrd: Buffer.alloc(0x1800, "initrd "),
        cmdline: Buffer.from("root=/dev/ram0"),
        hostKeys: [createPublicKey(hostKey)],
        loaders,
        layout,
      });
      const started = machine.try(image);
      if (started.how !== "started")
        throw new Error(`a valid image (${layout}) does not start: ${started.how}`);
      expected.push({ image, layout, started });
    }
    return new ImageFuzz(machine, expected);
  }

  /** One mutation. Gives what must never happen, if it happened. */
  step(seed: number): Finding | undefined {
    const random = new Random(BigInt(seed));
    const expected = random.pick(this.#expected);
    const { image, changes } = mutateImage(random, expected.image);
    const find = (what: string): Finding => ({ seed, layout: expected.layout, changes, what });

    const reading = this.#read(image);
    if (reading !== undefined) return find(reading);
    let started: Started;
    try {
      started = this.#machine.try(image);
    } catch (error) {
      return find(`the Ultravisor threw ${String(error)}`);
    }
    this.#count(`start: ${started.how}`);
    if (started.how !== "started") return undefined;
    const { psw, storage } = expected.started;
    const same =
      started.psw.mask === psw.mask &&
      started.psw.address === psw.address &&
      Buffer.compare(started.storage, storage) === 0;
    return same ? undefined : find("a guest that was tampered with started");
  }

  #read(image: Uint8Array): string | undefined {
    try {
      const info = readSeImage(image);
      this.#count(info.problems.length === 0 ? "read: sound" : "read: with problems");
      return undefined;
    } catch (error) {
      if (!(error instanceof LockframeError)) return `reading threw ${String(error)}`;
      this.#count(`read: ${error.code}`);
      return undefined;
    }
  }

  #count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }
}

/** The least that passes for a kernel. */
function tinyKernel(): Uint8Array {
  const kernel = new Uint8Array(0x11000).fill(0x4b);
  kernel.set(Buffer.from("S390EP"), 0x10008);
  new DataView(kernel.buffer).setBigUint64(0x10430, 0n);
  return kernel;
}
