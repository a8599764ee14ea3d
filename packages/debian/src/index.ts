/** Fetches Debian packages, verified up to the signed Release file; builds initramfs archives. */
export {
  type ArchiveOptions,
  DebianArchive,
  type FetchedPackage,
  type FetchProgress,
  type Place,
} from "./archive.ts";
export { appletNames } from "./busybox.ts";
export { defaultCacheDirectory } from "./cache-directory.ts";
export { type FileSystemEntry, writeCpio } from "./cpio.ts";
export { type DebEntry, DebFile } from "./deb.ts";
export { type ExplainedId, type ExplainedPart, explainParts } from "./explain-parts.ts";
export {
  buildBusyboxInitramfs,
  type BusyboxInitramfs,
  busyboxFileSystem,
  DEFAULT_INIT,
  type InitramfsCompression,
  packInitramfs,
} from "./initramfs.ts";
export { fetchKernelModules } from "./kernel-modules.ts";
export { type ArchiveKey, debianArchiveKeys, parseKeyring } from "./keyring.ts";
export { discoverMirror, type Mirror, type MirrorQuery } from "./mirror.ts";
export type { PackageRecord } from "./packages-index.ts";
export {
  type DemoOptions,
  type DemoParts,
  fetchBusyboxStatic,
  fetchCcwFirmware,
  fetchDemoParts,
  fetchDiskStage3,
  fetchKernel,
  fetchStage3Loaders,
  fetchUserland,
  isUnavailable,
  type KernelPart,
  type Part,
  resolveLatestKernel,
} from "./parts.ts";
export type { Release } from "./release.ts";
