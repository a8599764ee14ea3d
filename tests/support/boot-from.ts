import type { DeviceBoot } from "@lockframe/plugin-api";
import { type RunningMachine, type RunningMachineOptions, startMachine } from "./running-machine.ts";
import { ScratchFolder } from "./scratch-folder.ts";

export interface BootFromOptions extends RunningMachineOptions {
  readonly boot: DeviceBoot;
  /** Properties of every disk's device. */
  readonly device?: object;
}

/** A machine that boots from disks, and their files on the host. */
export interface DiskMachine extends RunningMachine {
  readonly files: readonly string[];
}

/** A DASD of 4096-byte blocks, as a device of virtio. */
export const dasd = { logical_block_size: 4096, heads: 15, secs: 12 };

/** Start a machine with these disks, which have their places in the boot order in this order. */
export async function bootFrom(
  disks: readonly Uint8Array[],
  { device, changes, ...options }: BootFromOptions,
): Promise<DiskMachine> {
  const folder = new ScratchFolder();
  const files = disks.map((disk, n) => folder.write(`disk${n}.img`, disk));
  const devices = files.map((file, n) => ({
    type: "virtio-blk-ccw",
    at: `0.0.000${n + 1}`,
    drive: { file, format: "raw" },
    bootindex: n,
    ...device,
  }));
  const plugins = ["disk-images", "virtio-blk"];
  const machine = await startMachine({ ...options, changes: { ...changes, plugins, devices } });
  return {
    ...machine,
    files,
    async [Symbol.asyncDispose]() {
      await machine[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
