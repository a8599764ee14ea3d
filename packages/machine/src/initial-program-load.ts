/** What a machine is started from: a kernel, boot firmware that runs as guest code, or the embedded loader. */
import {
  type BootPlan,
  ccwParameterBlock,
  type Diagnose308,
  type IplParameterBlock,
  planDirectBoot,
  planFirmware,
  QUICK_IPL_AT,
  quickIplBlock,
  type Segment,
} from "@lockframe/ccw-bios";
import { unimplemented } from "@lockframe/architecture";
import type { Storage } from "@lockframe/memory";
import type { DeviceBoot, IplEntry, IplSource } from "@lockframe/plugin-api";
import type { ServiceProcessor } from "@lockframe/sclp";
import type { AttachedMedium } from "./attach-devices.ts";

export interface InitialProgramLoadOptions {
  readonly source: IplSource;
  readonly storage: Storage;
  readonly diagnose308: Diagnose308;
  readonly serviceProcessor: ServiceProcessor;
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
  readonly #firmware: ReturnType<typeof planFirmware> | undefined;
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
  }

  /** Say which devices the machine can boot from. */
  offer(media: readonly AttachedMedium[]): void {
    const place = ({ medium }: AttachedMedium): number => medium.index ?? Infinity;
    this.#media = media.toSorted((one, other) => (place(one) < place(other) ? -1 : 1));
  }

  /**
   * Put into storage what is to run.
   * @param block the device that the guest asked to boot from; undefined: as the machine was started
   */
  load(block: IplParameterBlock | undefined): IplEntry {
    this.#o.serviceProcessor.loadParameter = block?.loadParameter ?? this.#loadParameter;
    if (this.#kernel === undefined || block !== undefined) return this.#loadFromDevice(block);
    this.#place(this.#kernel.segments);
    return this.#kernel;
  }

  get #loadParameter(): string {
    return (this.#boot.loadParameter ?? "").toUpperCase();
  }

  #loadFromDevice(block: IplParameterBlock | undefined): IplEntry {
    const { diagnose308, serviceProcessor } = this.#o;
    const order = block === undefined ? this.#bootOrder() : [block];
    diagnose308.block = order[0];
    serviceProcessor.loadParameter = order[0]?.loadParameter ?? this.#loadParameter;
    const firmware = this.#firmware ?? unimplemented("the embedded loader");
    this.#place(firmware.segments);
    this.#tellFirmware(firmware.start, order.slice(1));
    return { psw: { mask: START_PSW_MASK, address: BigInt(firmware.start) } };
  }

  /** Blocks of the devices that have a place in the boot order. */
  #bootOrder(): readonly IplParameterBlock[] {
    return this.#media
      .filter(({ medium }) => medium.index !== undefined)
      .slice(0, LONGEST_BOOT_ORDER)
      .map(({ set, deviceNumber, medium }) =>
        ccwParameterBlock({
          subchannelSet: set,
          number: deviceNumber,
          loadParameter: medium.loadParameter?.toUpperCase() ?? this.#loadParameter,
        }),
      );
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
