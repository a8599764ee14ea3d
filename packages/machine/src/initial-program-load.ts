/** What a machine is started from: a kernel, boot firmware that runs as guest code, or the embedded loader. */
import {
  type BootPlan,
  ccwParameterBlock,
  type Diagnose308,
  type FirmwarePlan,
  type IplParameterBlock,
  planDirectBoot,
  planFirmware,
  QUICK_IPL_AT,
  quickIplBlock,
  type Segment,
} from "@lockframe/ccw-bios";
import type { Storage } from "@lockframe/memory";
import type { DeviceBoot, IplEntry, IplSource } from "@lockframe/plugin-api";
import type { ServiceProcessor } from "@lockframe/sclp";
import type { AttachedMedium } from "./attach-devices.ts";
import type { Consoles } from "./consoles.ts";
import { type BootCandidate, EmbeddedLoader } from "./embedded-loader.ts";

export interface InitialProgramLoadOptions {
  readonly source: IplSource;
  readonly storage: Storage;
  readonly diagnose308: Diagnose308;
  readonly serviceProcessor: ServiceProcessor;
  readonly consoles: Consoles;
}

/** 64-bit addressing, everything else zero. */
const START_PSW_MASK = 0x0000000180000000n;
const PAGE = 0x1000;
/** Devices that boot firmware is told of. */
const LONGEST_BOOT_ORDER = 8;

export class InitialProgramLoad {
  readonly #o: InitialProgramLoadOptions;
  readonly #boot: DeviceBoot;
  readonly #kernel: BootPlan | undefined;
  readonly #firmware: FirmwarePlan | undefined;
  readonly #embedded: EmbeddedLoader;
  /** In the boot order; those without a place in it after the others. */
  #media: readonly AttachedMedium[] = [];

  /** @throws BootError what is wrong with the kernel or the firmware */
  constructor(options: InitialProgramLoadOptions) {
    this.#o = options;
    const { kernel, initrd, commandLine, boot = {} } = options.source;
    const storageSize = options.storage.size;
    this.#boot = boot;
    this.#kernel =
      kernel &&
      planDirectBoot({
        kernel,
        ...(initrd !== undefined && { initrd }),
        ...(commandLine !== undefined && { append: commandLine }),
        storageSize,
      });
    this.#firmware = boot.firmware && planFirmware(boot.firmware, storageSize);
    this.#embedded = new EmbeddedLoader({ ...options, boot });
  }

  /** Say which devices the machine can boot from. */
  offer(media: readonly AttachedMedium[]): void {
    const place = ({ medium }: AttachedMedium): number => medium.index ?? Infinity;
    this.#media = media.toSorted((one, other) => (place(one) < place(other) ? -1 : 1));
  }

  /**
   * Put into storage what is to run.
   * @param block the device that the guest asked to boot from; undefined: as the machine was started
   * @throws LockframeError LF-IPL-0xx there is nothing to boot
   */
  load(block: IplParameterBlock | undefined): IplEntry | Promise<IplEntry> {
    const { consoles, serviceProcessor } = this.#o;
    consoles.firmwareReads = false;
    serviceProcessor.loadParameter = block?.loadParameter ?? this.#loadParameter;
    if (this.#kernel !== undefined && block === undefined) {
      this.#place(this.#kernel.segments);
      return this.#kernel;
    }
    return this.#firmware === undefined
      ? this.#loadFromDevice(block)
      : this.#startFirmware(this.#firmware, block);
  }

  /** The firmware, if it ran, has started what it loaded. */
  handedOver(): void {
    this.#o.consoles.firmwareReads = false;
  }

  get #loadParameter(): string {
    return (this.#boot.loadParameter ?? "").toUpperCase();
  }

  #startFirmware(firmware: FirmwarePlan, block: IplParameterBlock | undefined): IplEntry {
    const { consoles, serviceProcessor } = this.#o;
    const order = block === undefined ? this.#bootOrder() : [block];
    this.#bootsFrom(order[0]);
    if (order[0] === undefined) serviceProcessor.loadParameter = this.#loadParameter;
    this.#place(firmware.segments);
    this.#tellFirmware(firmware.start, order.slice(1));
    consoles.firmwareReads = true;
    return { psw: { mask: START_PSW_MASK, address: BigInt(firmware.start) } };
  }

  async #loadFromDevice(block: IplParameterBlock | undefined): Promise<IplEntry> {
    const loaded = await this.#embedded.load(this.#candidates(block));
    this.#bootsFrom(loaded.block);
    return loaded;
  }

  /** The device that the guest comes from, as DIAGNOSE 308 and the service processor tell it. */
  #bootsFrom(block: IplParameterBlock | undefined): void {
    this.#o.diagnose308.block = block;
    if (block?.loadParameter !== undefined) this.#o.serviceProcessor.loadParameter = block.loadParameter;
  }

  /** Devices to try: the one that the guest named, or those in the boot order, or without an order all of them. */
  #candidates(block: IplParameterBlock | undefined): readonly BootCandidate[] {
    if (block === undefined) {
      const ordered = this.#media.filter(({ medium }) => medium.index !== undefined);
      return (ordered.length > 0 ? ordered : this.#media).map((device) => ({
        device,
        block: this.#blockOf(device),
      }));
    }
    const { subchannelSet, number } = block.device ?? {};
    return this.#media
      .filter(({ set, deviceNumber }) => set === subchannelSet && deviceNumber === number)
      .map((device) => ({ device, block }));
  }

  /** Blocks of the devices that have a place in the boot order. */
  #bootOrder(): readonly IplParameterBlock[] {
    return this.#media
      .filter(({ medium }) => medium.index !== undefined)
      .slice(0, LONGEST_BOOT_ORDER)
      .map((device) => this.#blockOf(device));
  }

  #blockOf({ set, deviceNumber, medium }: AttachedMedium): IplParameterBlock {
    return ccwParameterBlock({
      subchannelSet: set,
      number: deviceNumber,
      loadParameter: medium.loadParameter?.toUpperCase() ?? this.#loadParameter,
    });
  }

  /** The blocks of the next devices go below the firmware, a page each. */
  #tellFirmware(start: number, next: readonly IplParameterBlock[]): void {
    const chainAddress = (start & ~(PAGE - 1)) - next.length * PAGE;
    next.forEach(({ bytes }, n) => this.#o.storage.storeBytes(chainAddress + n * PAGE, bytes));
    const { menu, menuTimeout = 0 } = this.#boot;
    this.#o.storage.storeBytes(
      QUICK_IPL_AT,
      quickIplBlock({
        menu: menu === undefined ? "disk" : menu ? "shown" : "hidden",
        menuTimeout,
        chainLength: next.length,
        chainAddress,
      }),
    );
  }

  #place(segments: readonly Segment[]): void {
    for (const { address, bytes, zeros } of segments) {
      this.#o.storage.storeBytes(address, bytes);
      if (zeros > 0) this.#o.storage.fill(address + bytes.length, zeros, 0);
    }
  }
}
