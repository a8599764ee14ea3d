/** The start of a protected guest from an image in storage, without a CPU: firmware, stage3a and Ultravisor. */
import type { KeyObject } from "node:crypto";
import { PAGE_SIZE, Storage } from "@lockframe/memory";
import { STAGE3A_AT } from "@lockframe/secure-image";
import { type StartOutcome, Ultravisor } from "@lockframe/ultravisor";

/** What came of an image. */
export type Started =
  | { readonly how: "not loaded" | "no block" | "refused" }
  | {
      readonly how: "started";
      readonly psw: { mask: bigint; address: bigint };
      readonly storage: Uint8Array;
    };

/** A machine that starts one image after the other. */
export class ProtectedStart {
  readonly #storage: Storage;
  readonly #ultravisor: Ultravisor;
  /** Address of stage3a's parameter block. */
  readonly #parametersAt: number;

  /**
   * @param size bytes of guest storage.
   * @param stage3aLength length of the loader in the images.
   */
  constructor(options: { size: number; hostKey: KeyObject; stage3aLength: number }) {
    this.#storage = Storage.create({ size: options.size, reserved: 0 });
    this.#ultravisor = new Ultravisor({ storage: this.#storage, hostKeys: [options.hostKey] });
    this.#parametersAt = STAGE3A_AT + options.stage3aLength - 24;
  }

  /** Loads an image at absolute 0 and tries to start it; everything of an earlier one is gone. */
  try(image: Uint8Array): Started {
    if (image.length > this.#storage.size) return { how: "not loaded" };
    this.#storage.fill(0, this.#storage.size, 0);
    this.#storage.storeBytes(0, image);
    const block = this.#runStage3a();
    if (block === undefined) return { how: "no block" };
    const outcome: StartOutcome = this.#ultravisor.startProtected(block);
    if (!outcome.ok) return { how: "refused" };
    try {
      const storage = this.#ultravisor.guestView.read(0, this.#storage.size);
      return { how: "started", psw: outcome.psw, storage };
    } finally {
      this.#ultravisor.destroy();
    }
  }

  /** stage3a fills in the block's header fields; DIAGNOSE 308 takes a block on a page boundary in storage. */
  #runStage3a(): Uint8Array | undefined {
    const storage = this.#storage;
    const at = this.#parametersAt;
    const headerAddress = BigInt.asUintN(64, BigInt(at) + storage.fetch64(at));
    const headerSize = storage.fetch64(at + 8);
    const blockAddress = BigInt.asUintN(64, BigInt(at) + storage.fetch64(at + 16));
    if (blockAddress % BigInt(PAGE_SIZE) !== 0n) return undefined;
    if (blockAddress + BigInt(PAGE_SIZE) > BigInt(storage.size)) return undefined;
    const block = Number(blockAddress);
    storage.store64(block + 0x78, headerAddress);
    storage.store64(block + 0x80, headerSize);
    return storage.fetch(block, PAGE_SIZE);
  }
}
