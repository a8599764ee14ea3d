/** Boots from the machine's devices without boot firmware: finds a program, asks which if asked to, and loads it. */
import {
  type BootDisk,
  chooseEntry,
  expandShortPsw,
  type IplParameterBlock,
  LoaderError,
  type MenuChoice,
  openBootDisk,
  type Program,
} from "@lockframe/ccw-bios";
import { LockframeError } from "@lockframe/architecture";
import type { Storage } from "@lockframe/memory";
import type { DeviceBoot, IplEntry } from "@lockframe/plugin-api";
import type { AttachedMedium } from "./attach-devices.ts";
import type { Consoles, Dialogue } from "./consoles.ts";

export interface EmbeddedLoaderOptions {
  readonly storage: Storage;
  readonly consoles: Consoles;
  readonly boot: DeviceBoot;
}

/** A device to try, and the block with which it is booted. */
export interface BootCandidate {
  readonly device: AttachedMedium;
  readonly block: IplParameterBlock;
}

/** Assigned storage locations that a loaded program reads. */
const IPL_BLOCK_POINTER_AT = 0x14;
const SUBSYSTEM_IDENTIFICATION_AT = 0xb8;
const PAGE = 0x1000;
const KERNEL_START = 0x10000n;
const KERNEL_MARK_AT = 0x10008;
const KERNEL_MARK = new TextEncoder().encode("S390EP");
/** In a short PSW at 0 that means something: bit 12, and an addressing mode. */
const SHORT_PSW_SIGNS = 0x0008000180000000n;
const MODE_64 = 0x0000000180000000n;

export class EmbeddedLoader {
  readonly #o: EmbeddedLoaderOptions;

  constructor(options: EmbeddedLoaderOptions) {
    this.#o = options;
  }

  /**
   * Load from the first device that has something to boot.
   * @returns where the program starts, and the block of the device that it came from
   * @throws LockframeError LF-IPL-040 none of them has, with the reason of each
   */
  async load(
    candidates: readonly BootCandidate[],
  ): Promise<IplEntry & { readonly block: IplParameterBlock }> {
    const reasons: LoaderError[] = [];
    for (const candidate of candidates) {
      try {
        return { ...(await this.#loadFrom(candidate)), block: candidate.block };
      } catch (error) {
        if (!(error instanceof LoaderError)) throw error;
        if (candidates.length === 1) throw named(candidate, error);
        reasons.push(named(candidate, error));
      }
    }
    throw new LockframeError(
      "LF-IPL-040",
      reasons.length === 0
        ? "there is no device to boot from"
        : `no device can be booted from:\n${reasons.map(({ code, message }) => `  ${code}: ${message}`).join("\n")}`,
      "give the machine a disk that zipl has made bootable, or a kernel (-kernel)",
    );
  }

  async #loadFrom({ device, block }: BootCandidate): Promise<IplEntry> {
    const { storage, boot } = this.#o;
    const disk = openBootDisk(device.medium, storage.size);
    const choice = chooseEntry(disk, {
      loadParameter: block.loadParameter ?? "",
      menu: boot.menu,
      menuTimeout: boot.menuTimeout ?? 0,
    });
    const program = disk.program(await this.#entry(disk, choice));
    storage.clearPages(0, storage.pageCount);
    const blockAt = Math.min(storage.size, 2 ** 31) - PAGE;
    storage.storeBytes(blockAt, block.bytes);
    return this.#place(program, device.identification, blockAt);
  }

  #place({ pieces, start }: Program, identification: number, blockAt: number): IplEntry {
    const { storage } = this.#o;
    for (const { address, read } of pieces) storage.storeBytes(address, read());
    const words = new DataView(new ArrayBuffer(8));
    words.setUint32(0, identification);
    storage.storeBytes(SUBSYSTEM_IDENTIFICATION_AT, new Uint8Array(words.buffer));
    words.setUint32(0, blockAt);
    storage.storeBytes(IPL_BLOCK_POINTER_AT, new Uint8Array(words.buffer, 0, 4));
    if (start.kind === "psw") {
      storage.storeBytes(0, start.psw);
      return { psw: expandShortPsw(start.psw) };
    }
    return this.#startOfImage();
  }

  /** A kernel is begun at its fixed place; anything else by the PSW at 0, if it is one. */
  #startOfImage(): IplEntry {
    const { storage } = this.#o;
    const short = storage.fetch(0, 8);
    const isKernel = Buffer.from(storage.fetch(KERNEL_MARK_AT, KERNEL_MARK.length)).equals(KERNEL_MARK);
    const value = new DataView(short.buffer, short.byteOffset).getBigUint64(0);
    if (isKernel || (value & SHORT_PSW_SIGNS) === 0n)
      return { psw: { mask: MODE_64, address: KERNEL_START } };
    return { psw: expandShortPsw(short) };
  }

  async #entry(disk: BootDisk, choice: MenuChoice): Promise<number> {
    if (choice.kind === "entry") return choice.entry;
    const dialogue = this.#o.consoles.dialogue();
    if (dialogue === undefined) return 0; // nobody can be asked
    try {
      return await ask(dialogue, disk, choice);
    } finally {
      dialogue.close();
    }
  }
}

const [BACKSPACE, DELETE, LINE_FEED, ENTER] = [0x08, 0x7f, 0x0a, 0x0d];
const MOST_DIGITS = 10;

/** Show the menu until an entry that exists is chosen. */
async function ask(
  dialogue: Dialogue,
  { scheme }: BootDisk,
  { lines, entries, timeout }: Extract<MenuChoice, { kind: "ask" }>,
): Promise<number> {
  dialogue.print(`Lockframe boot menu (${scheme})\r\n\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`);
  dialogue.print(timeout > 0 ? `Please choose (default in ${timeout / 1000} s):\r\n` : "Please choose:\r\n");
  for (let deadline = timeout > 0 ? performance.now() + timeout : Infinity; ; deadline = Infinity) {
    const text = await readLine(dialogue, deadline);
    const entry = text === "" ? 0 : Number(text);
    if (entries.includes(entry)) {
      dialogue.print(`\r\nBooting entry #${entry}\r\n`);
      return entry;
    }
    dialogue.print("\r\nThere is no such entry.\r\nPlease choose:\r\n");
  }
}

/** What is typed up to the Enter key, echoed; empty when the first key does not come in time. */
async function readLine(dialogue: Dialogue, deadline: number): Promise<string> {
  let text = "";
  for (;;) {
    const key = await dialogue.key(deadline);
    if (key === undefined) return "";
    if (key === ENTER || key === LINE_FEED) return text;
    if (key === BACKSPACE || key === DELETE) {
      if (text !== "") dialogue.print("\b \b");
      text = text.slice(0, -1);
    } else if (key > 0x20 && key < DELETE && text.length < MOST_DIGITS) {
      text += String.fromCharCode(key);
      dialogue.print(String.fromCharCode(key));
    }
  }
}

/** The same failure, with the device it is about. */
function named({ device }: BootCandidate, { code, message, hint }: LoaderError): LoaderError {
  const number = `${device.set}.${device.deviceNumber.toString(16).padStart(4, "0")}`;
  return new LoaderError(code, `${device.name} (0.${number}): ${message}`, hint);
}
