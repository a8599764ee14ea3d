/**
 * One secure configuration: the protected guest as the Ultravisor knows it. Each method is one Ultravisor call
 * of the host (or of the guest) and answers with the call's return code, so that a host-side UVC interface only
 * has to decode UVCBs.
 */
import type { KeyObject } from "node:crypto";
import { EXCHANGE_PIECE, PAGE_SIZE, PageState, type Storage } from "@lockframe/memory";
import {
  openSeHeader,
  PageDigests,
  pageTweaks,
  PageXts,
  Pcf,
  type ContentDigest,
  type OpenedSeHeader,
} from "@lockframe/secure-image";
import type { GuestStop } from "./guest-stop.ts";
import { PageVault } from "./page-vault.ts";
import { Uv, type UvResult } from "./return-code.ts";

/** Pages that are unpacked at a time. */
const PIECE_PAGES = EXCHANGE_PIECE / PAGE_SIZE;

/** Bytes of the largest SE header. */
export const SE_HEADER_LIMIT = 2 * PAGE_SIZE;

/**
 * - created: no parameters yet
 * - parameters-set: the SE header was accepted
 * - unpacking: at least one page was unpacked
 * - verified: the image is what its header says; may be started
 * - running
 * - reset: prepared for reset; may be started at absolute 0
 * - failed: verification failed, or the guest had to be stopped; only destroy is left
 * - destroyed
 */
export type ConfigurationState =
  | "created"
  | "parameters-set"
  | "unpacking"
  | "verified"
  | "running"
  | "reset"
  | "failed"
  | "destroyed";

/** Keys and control flags of the machine's Ultravisor. */
export interface HostSecrets {
  /** Private P-521 host keys, tried in order. */
  readonly hostKeys: readonly KeyObject[];
  readonly backupHostKey?: KeyObject;
}

/** What a secure configuration has from its Ultravisor. */
export interface ConfigurationOptions extends HostSecrets {
  /** Who digests an image's pages instead of the caller's thread; undefined when nobody is there to. */
  readonly contentDigest?: () => ContentDigest | undefined;
}

/** Control flags that are accepted in SE headers; QUERY ULTRAVISOR INFORMATION tells the first. */
export const SUPPORTED_PCF =
  Pcf.allowDumping |
  Pcf.noComponentEncryption |
  Pcf.pckmoDea |
  Pcf.pckmoAes |
  Pcf.pckmoEcc |
  Pcf.pckmoHmac |
  Pcf.backupTargetKeys;
export const SUPPORTED_SCF = 0x6000_0000_0000_0000n;

export interface StartPsw {
  readonly mask: bigint;
  readonly address: bigint;
}

export class SecureConfiguration {
  readonly #storage: Storage;
  readonly #host: ConfigurationOptions;
  readonly #vault = new PageVault();
  readonly #onStop: (stop: GuestStop) => void;
  #state: ConfigurationState = "created";
  #image: OpenedSeHeader | undefined;
  #digests: PageDigests | undefined;
  /** Undefined also for an image whose components are not encrypted. */
  #cipher: PageXts | undefined;
  #stop: GuestStop | undefined;

  constructor(storage: Storage, host: ConfigurationOptions, onStop: (stop: GuestStop) => void) {
    this.#storage = storage;
    this.#host = host;
    this.#onStop = onStop;
    storage.setPageImporter((page) => this.convertToSecure(page) === Uv.executed);
  }

  get state(): ConfigurationState {
    return this.#state;
  }

  /** Why the guest was stopped, if it was. */
  get stop(): GuestStop | undefined {
    return this.#stop;
  }

  // --- image (0x0300, 0x0301, 0x0302) -----------------------------------------------------------------------

  /**
   * SET SECURE CONFIGURATION PARAMETERS: accept the SE header at an absolute address.
   * Published codes: 0x103, 0x104/01, 0x106/30, 0x108/{05,0b,34}, 0x109/00, 0x10a/{31,39,40}; 0x03.
   */
  setParameters(headerAddress: number, headerLength: number): UvResult {
    if (this.#state !== "created") return Uv.invalidState;
    if (headerLength === 0 || headerLength > SE_HEADER_LIMIT) return Uv.headerLength;
    if (!this.#storage.contains(headerAddress, headerLength)) return Uv.headerNotAccessible;
    const { hostKeys, backupHostKey } = this.#host;
    const opened = openSeHeader(this.#storage.fetch(headerAddress, headerLength), hostKeys, {
      supportedPcf: SUPPORTED_PCF,
      supportedScf: SUPPORTED_SCF,
      ...(backupHostKey === undefined ? {} : { backupHostKey }),
    });
    if (!opened.ok) return { rc: opened.rc, rrc: opened.rrc };
    this.#image = opened;
    this.#digests = new PageDigests(this.#host.contentDigest?.());
    if ((opened.header.pcf & Pcf.noComponentEncryption) === 0n)
      this.#cipher = new PageXts("decrypt", opened.secrets.imageKey);
    this.#state = "parameters-set";
    return Uv.executed;
  }

  /**
   * UNPACK IMAGE for consecutive pages of one component: decrypt in place, take into the digests, own.
   * A refused range is left as it was. Published codes: 0x10a; 0x03.
   * @param address absolute address of the first page
   * @param count number of pages
   * @param tweakPrefix first 8 bytes of the tweaks
   * @param offset byte offset in the component of the first page: the other 8 bytes
   */
  unpack(address: number, count: number, tweakPrefix: bigint, offset: number): UvResult {
    if (this.#state !== "parameters-set" && this.#state !== "unpacking") return Uv.invalidState;
    if (address % PAGE_SIZE !== 0) return Uv.pageNotUnpackable;
    const length = count * PAGE_SIZE;
    if (!this.#storage.contains(address, length)) return Uv.pageNotMapped;
    const first = address / PAGE_SIZE;
    for (let page = first; page < first + count; page++)
      if (this.#storage.getPageState(page) !== PageState.normal) return Uv.pageNotUnpackable;

    this.#state = "unpacking";
    for (let done = 0; done < count; done += PIECE_PAGES) {
      const at = done * PAGE_SIZE;
      this.#unpackPiece(address + at, Math.min(PIECE_PAGES, count - done), tweakPrefix, offset + at);
    }
    this.#storage.clearExchange();
    return Uv.executed;
  }

  /**
   * VERIFY IMAGE: compare what was unpacked with the SE header. A failure leaves only `destroy`.
   * Published codes: 0x102/{1a,1b,1c,1d}; 0x03.
   */
  verify(): UvResult {
    if (this.#state !== "unpacking" || this.#image === undefined || this.#digests === undefined)
      return Uv.invalidState;
    const outcome = compareDigests(this.#digests.values(), this.#image.header.digests);
    this.#digests = undefined;
    this.#cipher = undefined;
    this.#image.secrets.imageKey.fill(0);
    this.#state = outcome === Uv.executed ? "verified" : "failed";
    return outcome;
  }

  /**
   * SET CPU STATE "operating-load" for the first CPU: the PSW to start at. The first start makes all of guest
   * storage the guest's; what the image did not bring is zero. After a reset the PSW is the short one at absolute 0.
   * @returns undefined in any other state
   */
  start(): StartPsw | undefined {
    if (this.#state === "verified" && this.#image !== undefined) {
      this.#ownTheRest();
      this.#state = "running";
      return this.#image.secrets.psw;
    }
    if (this.#state === "reset" && this.#makeReady(0)) {
      this.#state = "running";
      return longPsw(this.#storage.fetch64(0));
    }
    return undefined;
  }

  // --- shared pages (0x1000, 0x1001, 0x0340) ----------------------------------------------------------------

  /** SET SHARED ACCESS. The content stays. Published codes: 0x101. */
  share(address: bigint): UvResult {
    return this.#changeShare(address, (page) => {
      if (this.#storage.getPageState(page) === PageState.secure)
        this.#storage.setPageStates(page, 1, PageState.shared);
    });
  }

  /** REMOVE SHARED ACCESS. What host and guest both could write becomes zero. Published codes: 0x101. */
  unshare(address: bigint): UvResult {
    return this.#changeShare(address, (page) => {
      if (this.#storage.getPageState(page) === PageState.shared) this.#clear(page);
    });
  }

  /** SET UNSHARE ALL: no page is shared any longer; those that were become zero. */
  unshareAll(): UvResult {
    if (this.#state !== "running") return Uv.invalidState;
    for (let page = 0; page < this.#storage.pageCount; page++) {
      const state = this.#storage.getPageState(page);
      if (state === PageState.shared || state === PageState.unavailable) this.#clear(page);
    }
    return Uv.executed;
  }

  /** PREPARE FOR RESET: the next start is at absolute 0. Storage keeps its content. */
  prepareReset(): UvResult {
    if (this.#state !== "running") return Uv.invalidState;
    this.#state = "reset";
    return Uv.executed;
  }

  // --- import and export (0x0200, 0x0201) -------------------------------------------------------------------

  /** CONVERT TO SECURE STORAGE: the guest wants the page back. A page that is not the guest's stops the guest. */
  convertToSecure(page: number): UvResult {
    if (!this.#alive()) return Uv.invalidState;
    if (!(page >= 0 && page < this.#storage.pageCount)) return Uv.pageNotMapped;
    switch (this.#storage.getPageState(page)) {
      case PageState.secure:
      case PageState.shared:
        return Uv.executed;
      case PageState.unavailable:
        this.#storage.setPageStates(page, 1, PageState.shared);
        return Uv.executed;
      case PageState.exported:
        return this.#import(page);
      case PageState.blank:
        this.#clear(page);
        return Uv.executed;
      case PageState.normal:
        this.#fail("not-owned", page);
        return Uv.pageNotMapped;
    }
  }

  /**
   * CONVERT FROM SECURE STORAGE: the host wants the page. A secure page becomes ciphertext, a shared one keeps
   * its content and is withdrawn from the guest, any other is the host's already.
   */
  convertFromSecure(page: number): UvResult {
    if (!(page >= 0 && page < this.#storage.pageCount)) return Uv.pageNotMapped;
    const state = this.#storage.getPageState(page);
    if (state === PageState.secure) {
      const address = page * PAGE_SIZE;
      const plain = this.#storage.fetch(address, PAGE_SIZE);
      this.#storage.storeBytes(address, this.#vault.seal(page, plain));
      plain.fill(0);
      this.#storage.setPageStates(page, 1, PageState.exported);
    } else if (state === PageState.shared) {
      this.#storage.setPageStates(page, 1, PageState.unavailable);
    }
    return Uv.executed;
  }

  // --- end ----------------------------------------------------------------------------------------------------

  /**
   * DESTROY SECURE CONFIGURATION: every page that the guest owned becomes zero and the host's, every key is
   * overwritten. Pages that were never owned stay as they are.
   */
  destroy(): UvResult {
    if (this.#state === "destroyed") return Uv.invalidState;
    this.#state = "destroyed";
    this.#storage.setPageImporter(undefined);
    for (const { first, count } of this.#runs((state) => state !== PageState.normal)) {
      this.#storage.clearPages(first, count);
      this.#storage.setPageStates(first, count, PageState.normal);
    }
    this.#vault.destroy();
    this.#image?.secrets.imageKey.fill(0);
    this.#image?.secrets.cck.fill(0);
    this.#image = undefined;
    this.#digests = undefined;
    this.#cipher = undefined;
    return Uv.executed;
  }

  // --- inside ---------------------------------------------------------------------------------------------------

  #alive(): boolean {
    return this.#state === "verified" || this.#state === "running" || this.#state === "reset";
  }

  #own(first: number, count: number): void {
    this.#storage.setPageStates(first, count, PageState.secure);
  }

  #unpackPiece(address: number, count: number, tweakPrefix: bigint, offset: number): void {
    const stored = this.#storage.takePiece(address, count * PAGE_SIZE);
    const tweaks = pageTweaks(tweakPrefix, offset, count);
    this.#digests?.addPages(stored, address, tweaks);
    this.#own(address / PAGE_SIZE, count);
    if (this.#cipher === undefined) return;
    this.#cipher.apply(stored, tweaks);
    this.#storage.putPiece(address, stored.length);
  }

  /** Pages outside the image are cleared when they are first used: most are never, and stay untouched. */
  #ownTheRest(): void {
    for (const { first, count } of this.#runs((state) => state === PageState.normal))
      this.#storage.setPageStates(first, count, PageState.blank);
    this.#storage.clearKeys();
  }

  #changeShare(address: bigint, change: (page: number) => void): UvResult {
    if (!this.#alive()) return Uv.invalidState;
    const page = Number(address) / PAGE_SIZE;
    if (address < 0n || address >= BigInt(this.#storage.size) || !Number.isInteger(page))
      return Uv.invalidAddress;
    if (this.#makeReady(page)) change(page);
    return Uv.executed;
  }

  /** Make a page usable by its guest. False: the guest was stopped. */
  #makeReady(page: number): boolean {
    return this.convertToSecure(page) === Uv.executed;
  }

  /** The page is the guest's alone, and zero. */
  #clear(page: number): void {
    this.#storage.clearPages(page, 1);
    this.#own(page, 1);
  }

  #import(page: number): UvResult {
    const address = page * PAGE_SIZE;
    const plain = this.#vault.open(page, this.#storage.fetch(address, PAGE_SIZE));
    if (plain === undefined) {
      this.#fail("integrity", page);
      return Uv.integrity;
    }
    this.#storage.storeBytes(address, plain);
    plain.fill(0);
    this.#own(page, 1);
    return Uv.executed;
  }

  #fail(reason: GuestStop["reason"], page: number): void {
    if (this.#stop !== undefined) return;
    const address = page * PAGE_SIZE;
    const where = `page 0x${address.toString(16)}`;
    this.#stop =
      reason === "integrity"
        ? {
            code: "LF-UV-010",
            reason,
            address,
            message: `protected guest stopped: ${where} is not what the guest left there (changed, replaced or moved while it was exported)`,
          }
        : {
            code: "LF-UV-011",
            reason,
            address,
            message: `protected guest stopped: ${where} does not belong to it`,
          };
    this.#state = "failed";
    this.#onStop(this.#stop);
  }

  /** Longest runs of pages whose state passes the test. */
  *#runs(wanted: (state: PageState) => boolean): Generator<{ first: number; count: number }> {
    const { pageCount } = this.#storage;
    let first = 0;
    for (let page = 0; page <= pageCount; page++) {
      if (page < pageCount && wanted(this.#storage.getPageState(page))) continue;
      if (page > first) yield { first, count: page - first };
      first = page + 1;
    }
  }
}

type DigestValues = ReturnType<PageDigests["values"]>;

/** The count first: a missing page changes every digest, and the count says it best. */
function compareDigests(found: DigestValues, wanted: DigestValues): UvResult {
  if (found.pageCount !== wanted.pageCount) return Uv.pageCount;
  if (Buffer.compare(found.ald, wanted.ald) !== 0) return Uv.addressListDigest;
  if (Buffer.compare(found.pld, wanted.pld) !== 0) return Uv.pageListDigest;
  if (Buffer.compare(found.tld, wanted.tld) !== 0) return Uv.tweakListDigest;
  return Uv.executed;
}

/** Source: Principles of Operation, "Initial Program Loading": bit 12 is inverted, 31 address bits remain. */
function longPsw(short: bigint): StartPsw {
  return {
    mask: (short & 0xffff_ffff_8000_0000n) ^ 0x0008_0000_0000_0000n,
    address: short & 0x7fff_ffffn,
  };
}
