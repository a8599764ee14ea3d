/** Debian's kernel and userland, fetched once and cached; where they cannot be had, tests are skipped by name. */
import {
  buildBusyboxInitramfs,
  DebianArchive,
  DEFAULT_INIT,
  fetchCcwFirmware,
  fetchDemoParts,
  fetchKernelModules,
  fetchDiskStage3,
  fetchStage3Loaders,
  fetchUserland,
  isUnavailable,
} from "@lockframe/debian";
import { type Loaders, stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { type KeyObject, createPublicKey } from "node:crypto";
import { describe } from "vitest";

/** Command line of a kernel that says little, and does not try all of its cryptography first. */
export const QUIET = "console=ttysclp0 quiet cryptomgr.notests";

const archive = new DebianArchive({ silence: 10_000 });

/** What was asked for, or why it cannot be had here. */
export type Had<T> = { readonly parts: T } | { readonly missing: string };

async function had<T>(fetch: () => Promise<T>): Promise<Had<T>> {
  try {
    return { parts: await fetch() };
  } catch (error) {
    if (!isUnavailable(error) || !(error instanceof Error)) throw error;
    return { missing: error.message };
  }
}

/** Tests that need what had to be fetched; without it they are skipped, and the title says why. */
export function describeWith<T>(title: string, fetched: Had<T>, body: (parts: () => T) => void): void {
  if ("parts" in fetched) describe(title, () => body(() => fetched.parts));
  else
    describe.skip(`${title} (not to be had: ${fetched.missing})`, () =>
      body(() => {
        throw new Error(fetched.missing);
      }));
}

export interface DebianGuest {
  readonly kernel: Uint8Array;
  readonly busybox: Uint8Array;
  /** An init script that ends in a shell on the console, and what that needs. */
  readonly initrd: Uint8Array;
}

/** The kernel, and busybox alone: what the demonstration boots. */
export const busyboxGuest = (): Promise<Had<DebianGuest>> =>
  had(async () => {
    const { kernel, busybox, initramfs } = await fetchDemoParts(archive);
    return { kernel: kernel.bytes, busybox: busybox.bytes, initrd: initramfs };
  });

/** The kernel, and Debian's own bash and coreutils on its C library. */
export const bashGuest = (): Promise<Had<DebianGuest>> =>
  had(async () => {
    const { kernel, busybox } = await fetchDemoParts(archive);
    const initrd = buildBusyboxInitramfs({
      busybox: busybox.bytes,
      init: DEFAULT_INIT.replace("cttyhack sh", "cttyhack bash --norc --noediting"),
      extraFiles: await fetchUserland(archive, ["bash", "coreutils"]),
      compression: "none",
    });
    return { kernel: kernel.bytes, busybox: busybox.bytes, initrd };
  });

/** The kernel with drivers for virtio devices, ext4 and 9p, and what makes an ext4 file system. */
export const deviceGuest = (): Promise<Had<DebianGuest>> =>
  had(async () => {
    const { kernel, busybox } = await fetchDemoParts(archive);
    const modules = "virtio_blk virtio-rng virtio_net 9pnet_virtio 9p ext4 crc32c_generic".split(" ");
    const extraFiles = [
      ...(await fetchUserland(archive, ["e2fsprogs"])),
      ...(await fetchKernelModules(archive, modules)),
    ];
    const initrd = buildBusyboxInitramfs({ busybox: busybox.bytes, extraFiles, compression: "none" });
    return { kernel: kernel.bytes, busybox: busybox.bytes, initrd };
  });

/** A guest as an image of ours that this host can open. */
export const sealed = ({ kernel, initrd }: DebianGuest, hostKey: KeyObject): Promise<Uint8Array> =>
  writeSeImage({
    kernel,
    initrd,
    cmdline: Buffer.from(QUIET),
    hostKeys: [createPublicKey(hostKey)],
    loaders: { stage3a: stage3a(), stage3b: stage3b() },
  });

/** The kernel, and the driver of its watchdog. */
export const watchdogGuest = (): Promise<Had<DebianGuest>> =>
  had(async () => {
    const { kernel, busybox } = await fetchDemoParts(archive);
    const extraFiles = await fetchKernelModules(archive, ["diag288_wdt"]);
    const initrd = buildBusyboxInitramfs({ busybox: busybox.bytes, extraFiles, compression: "none" });
    return { kernel: kernel.bytes, busybox: busybox.bytes, initrd };
  });

/** QEMU's boot firmware. */
export const bootFirmware = (): Promise<Had<Uint8Array>> =>
  had(async () => (await fetchCcwFirmware(archive)).bytes);

/** The stage of zipl's loader that starts a kernel which was loaded from disk. */
export const diskStage3 = (): Promise<Had<Uint8Array>> =>
  had(async () => (await fetchDiskStage3(archive)).bytes);

/** The loaders that s390-tools brings. */
export const debianLoaders = (): Promise<Had<Loaders>> =>
  had(async () => {
    const { stage3a, stage3b } = await fetchStage3Loaders(archive);
    return { stage3a: stage3a.bytes, stage3b: stage3b.bytes };
  });
