/**
 * The Ultravisor calls: number, position in the installed-calls list of QUERY ULTRAVISOR INFORMATION, length
 * of the UVCB, and who may issue it. Sources: Linux arch/s390/include/asm/uv.h, kvm-unit-tests lib/s390x/asm/uv.h.
 */
export type Issuer = "host" | "guest";

export interface UvCommand {
  readonly command: number;
  readonly title: string;
  /** Bit of the installed-calls list, counted from the left of its first doubleword. */
  readonly bit: number;
  /** Length of the UVCB in bytes. */
  readonly length: number;
  readonly issuers: readonly Issuer[];
}

const row = (
  command: number,
  bit: number,
  length: number,
  title: string,
  ...issuers: Issuer[]
): UvCommand => ({
  command,
  title,
  bit,
  length,
  issuers,
});

/** Smallest QUERY ULTRAVISOR INFORMATION block; `length` in the table is the whole block. */
export const QUERY_MINIMUM = 0xa8;

export const uvCommands = {
  query: row(0x0001, 0, 0x120, "QUERY ULTRAVISOR INFORMATION", "host", "guest"),
  queryKeys: row(0x0002, 34, 0x200, "QUERY KEYS", "host"),
  initialise: row(0x000f, 1, 0x48, "INITIALISE ULTRAVISOR", "host"),
  createConfiguration: row(0x0100, 2, 0x80, "CREATE SECURE CONFIGURATION", "host"),
  destroyConfiguration: row(0x0101, 3, 0x40, "DESTROY SECURE CONFIGURATION", "host"),
  destroyConfigurationFast: row(0x0102, 23, 0x48, "DESTROY SECURE CONFIGURATION FAST", "host"),
  createCpu: row(0x0120, 4, 0x60, "CREATE SECURE CPU", "host"),
  destroyCpu: row(0x0121, 5, 0x40, "DESTROY SECURE CPU", "host"),
  convertTo: row(0x0200, 6, 0x28, "CONVERT TO SECURE STORAGE", "host"),
  convertFrom: row(0x0201, 7, 0x20, "CONVERT FROM SECURE STORAGE", "host"),
  destroyPage: row(0x0202, 12, 0x20, "DESTROY SECURE STORAGE", "host"),
  verifyLargeFrame: row(0x0203, 32, 0x28, "VERIFY LARGE FRAME", "host"),
  setParameters: row(0x0300, 11, 0x50, "SET SECURE CONFIGURATION PARAMETERS", "host"),
  unpack: row(0x0301, 13, 0x50, "UNPACK IMAGE", "host"),
  verify: row(0x0302, 14, 0x40, "VERIFY IMAGE", "host"),
  cpuReset: row(0x0310, 15, 0x40, "CPU RESET", "host"),
  cpuInitialReset: row(0x0311, 16, 0x40, "CPU INITIAL RESET", "host"),
  prepareReset: row(0x0320, 18, 0x40, "PREPARE FOR RESET", "host"),
  cpuClearReset: row(0x0321, 19, 0x40, "CPU CLEAR RESET", "host"),
  setCpuState: row(0x0330, 17, 0x50, "SET CPU STATE", "host"),
  unshareAll: row(0x0340, 20, 0x40, "SET UNSHARE ALL", "host"),
  pinShared: row(0x0341, 21, 0x20, "PIN PAGE SHARED", "host"),
  unpinShared: row(0x0342, 22, 0x28, "UNPIN PAGE SHARED", "host"),
  dumpInitialise: row(0x0400, 24, 0x40, "DUMP INITIALISE", "host"),
  dumpStorageState: row(0x0401, 25, 0x50, "DUMP CONFIGURATION STORAGE STATE", "host"),
  dumpCpu: row(0x0402, 26, 0x50, "DUMP CPU", "host"),
  dumpComplete: row(0x0403, 27, 0x50, "DUMP COMPLETE", "host"),
  setShared: row(0x1000, 8, 0x30, "SET SHARED ACCESS", "guest"),
  removeShared: row(0x1001, 9, 0x30, "REMOVE SHARED ACCESS", "guest"),
  attest: row(0x1020, 28, 0x188, "RETRIEVE ATTESTATION MEASUREMENT", "guest"),
  addSecret: row(0x1031, 29, 0x48, "ADD SECRET", "guest"),
  listSecrets: row(0x1033, 30, 0x48, "LIST SECRETS", "guest"),
  lockSecrets: row(0x1034, 31, 0x40, "LOCK SECRETS", "guest"),
  retrieveSecret: row(0x1035, 33, 0x48, "RETRIEVE SECRET", "guest"),
} as const satisfies Record<string, UvCommand>;

export type UvCommandName = keyof typeof uvCommands;
