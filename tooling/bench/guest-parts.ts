import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DebianArchive, fetchDemoParts } from "@lockframe/debian";

/** What the boots boot: the same Debian kernel and busybox initramfs on both sides. */
export interface GuestParts {
  /** Paths of files. */
  readonly kernel: string;
  readonly initrd: string;
}

/** Kernel parameters on both sides; the kernel's log would measure the console. */
export const kernelParameters = "console=ttysclp0 quiet";
/** Guest storage in MiB. */
export const guestMegabytes = 512;
/** The shell's prompt; after the first, busybox asks the terminal once where the cursor is (ESC [6n). */
export const promptPattern = /[\r\n][^\r\n]*# (?:.\[6n)?$/;

/** Debian's kernel and busybox, fetched and verified (or from the cache) as the demonstration does it. */
export async function debianParts(folder: string): Promise<GuestParts> {
  const archive = new DebianArchive({ environment: { ...process.env } });
  const { kernel, initramfs } = await fetchDemoParts(archive);
  const parts = { kernel: join(folder, "kernel"), initrd: join(folder, "initrd") };
  writeFileSync(parts.kernel, kernel.bytes);
  writeFileSync(parts.initrd, initramfs);
  return parts;
}
