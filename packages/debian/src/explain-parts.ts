/** One step of the demonstration, for people. */
export interface ExplainedPart {
  readonly id: ExplainedId;
  /** Two or three words, for a heading or a progress bar. */
  readonly title: string;
  /** What the step does and why, in one line. */
  readonly line: string;
}

export type ExplainedId =
  | "release"
  | "kernel"
  | "busybox"
  | "initramfs"
  | "host-key"
  | "image"
  | "boot"
  | "without-network";

/** The steps of `lockframe demo`, in their order. */
export const explainParts: readonly ExplainedPart[] = [
  {
    id: "release",
    title: "Debian's index",
    line: "The suite's Release file is checked against Debian's archive keys; every later checksum hangs on it.",
  },
  {
    id: "kernel",
    title: "Kernel",
    line: "An unmodified s390x kernel is taken out of Debian's package, whose SHA256 the signed index vouches for.",
  },
  {
    id: "busybox",
    title: "Busybox",
    line: "One static program from Debian gives the guest its shell and tools.",
  },
  {
    id: "initramfs",
    title: "Initramfs",
    line: "Busybox and a short init script are packed into the archive that Linux unpacks as its first root.",
  },
  {
    id: "host-key",
    title: "Host key",
    line: "A P-521 key pair stands for the machine: only the holder of its private half can open what is sealed to it.",
  },
  {
    id: "image",
    title: "Sealing",
    line: "Kernel, command line and initramfs are encrypted and measured into one Secure Execution image.",
  },
  {
    id: "boot",
    title: "Protected boot",
    line: "The Ultravisor opens the header with the host key, decrypts and verifies every page, and starts the guest.",
  },
  {
    id: "without-network",
    title: "A guest of our own",
    line: "Debian's packages cannot be had here, so a tiny guest built into Lockframe takes the same protected path.",
  },
];
