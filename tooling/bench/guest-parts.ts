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
