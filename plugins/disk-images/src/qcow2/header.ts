import { failure } from "../errors.ts";
import type { ImageFile } from "../image-file.ts";

/** Header of a qcow2 image, checked. Source: QEMU docs/interop/qcow2.txt. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  /** Bytes of the disk. */
  readonly size: number;
  readonly l1Size: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** Bits of a reference count: 1, 2, 4, ... 64. */
  readonly refcountBits: number;
  readonly compression: "zlib" | "zstd";
  readonly backing: BackingName | undefined;
}

export interface BackingName {
  readonly file: string;
  /** Undefined: the image does not say. */
  readonly format: string | undefined;
}

export const QCOW2_MAGIC = 0x514649fb;
/** Places of fields that change while an image is in use. */
export const headerField = { refcountTable: 48, incompatible: 72, autoclear: 88 } as const;

const incompatible = { dirty: 1, corrupt: 2, externalData: 4, compressionType: 8, extendedL2: 16 } as const;
const KNOWN_INCOMPATIBLE =
  incompatible.dirty | incompatible.corrupt | incompatible.externalData | incompatible.compressionType;
const VERSION_2_LENGTH = 72;
const BACKING_FORMAT = 0xe2792aca;
const LARGEST_NAME = 1023;
/** Entries that tables may have: what covers any disk of use here, and what fits into memory. */
const LARGEST_L1 = 2 ** 22;
const LARGEST_REFCOUNT_TABLE = 2 ** 23;

/**
 * Read and check the header.
 * @throws LockframeError LF-DISK-020 it is no qcow2 image, -021 it needs what is not implemented, -022 it is damaged
 */
export function readHeader(file: ImageFile): Qcow2Header {
  const bytes = new Uint8Array(112);
  file.read(0, bytes);
  const view = new DataView(bytes.buffer);
  const version = view.getUint32(4);
  if (view.getUint32(0) !== QCOW2_MAGIC) throw failure.notQcow2(file.path);
  if (version !== 2 && version !== 3) throw failure.unsupportedQcow2(file.path, `version ${version}`);
  const features = version === 3 ? view.getBigUint64(headerField.incompatible) : 0n;
  checkFeatures(file, features, view.getUint32(32));
  const clusterBits = view.getUint32(20);
  const refcountOrder = version === 3 ? view.getUint32(96) : 4;
  const header = {
    version,
    clusterBits,
    size: safe(view.getBigUint64(24), file, "its size"),
    l1Size: view.getUint32(36),
    l1Offset: safe(view.getBigUint64(40), file, "its L1 table"),
    refcountTableOffset: safe(view.getBigUint64(48), file, "its refcount table"),
    refcountTableClusters: view.getUint32(56),
    refcountBits: 2 ** refcountOrder,
    compression: compressionOf(file, view, version, features),
  } as const;
  if (clusterBits < 9 || clusterBits > 21)
    throw failure.damagedQcow2(file.path, `clusters of 2^${clusterBits} bytes`);
  if (refcountOrder > 6) throw failure.damagedQcow2(file.path, `reference counts of 2^${refcountOrder} bits`);
  checkTables(file, header);
  return { ...header, backing: readBacking(file, view, header) };
}

function checkFeatures(file: ImageFile, features: bigint, encryption: number): void {
  const set = (bit: number): boolean => (features & BigInt(bit)) !== 0n;
  if (encryption !== 0) throw failure.unsupportedQcow2(file.path, "encryption");
  if (set(incompatible.externalData)) throw failure.unsupportedQcow2(file.path, "an external data file");
  if ((features & ~BigInt(KNOWN_INCOMPATIBLE)) !== 0n)
    throw failure.unsupportedQcow2(file.path, `the features ${features.toString(16)}`);
  if (file.readOnly) return;
  if (set(incompatible.dirty))
    throw failure.damagedQcow2(file.path, "it was not closed, and counts are stale");
  if (set(incompatible.corrupt)) throw failure.damagedQcow2(file.path, "it is marked as corrupt");
}

function compressionOf(
  file: ImageFile,
  view: DataView,
  version: number,
  features: bigint,
): Qcow2Header["compression"] {
  const long = version === 3 && view.getUint32(100) > 104;
  if (!long || (features & BigInt(incompatible.compressionType)) === 0n) return "zlib";
  const type = view.getUint8(104);
  if (type > 1) throw failure.unsupportedQcow2(file.path, `compression of type ${type}`);
  return type === 0 ? "zlib" : "zstd";
}

function checkTables(file: ImageFile, header: Omit<Qcow2Header, "backing">): void {
  const { clusterBits, size, l1Size, l1Offset, refcountTableOffset, refcountTableClusters } = header;
  const cluster = 2 ** clusterBits;
  const damaged = (what: string): never => {
    throw failure.damagedQcow2(file.path, what);
  };
  const needed = Math.ceil(size / (cluster * (cluster / 8)));
  if (l1Size > LARGEST_L1 || l1Size < needed) damaged(`an L1 table of ${l1Size} entries`);
  if (l1Offset % cluster !== 0 || l1Offset + 8 * l1Size > file.size) damaged("its L1 table is out of place");
  if (refcountTableOffset % cluster !== 0 || refcountTableOffset === 0 || refcountTableClusters === 0)
    damaged("its refcount table is out of place");
  if ((refcountTableClusters * cluster) / 8 > LARGEST_REFCOUNT_TABLE)
    damaged("its refcount table is too large");
}

function readBacking(
  file: ImageFile,
  view: DataView,
  { version, clusterBits }: Pick<Qcow2Header, "version" | "clusterBits">,
): BackingName | undefined {
  const offset = safe(view.getBigUint64(8), file, "the name of its backing file");
  const length = view.getUint32(16);
  if (offset === 0) return undefined;
  const cluster = 2 ** clusterBits;
  if (length > LARGEST_NAME || offset + length > cluster)
    throw failure.damagedQcow2(file.path, "the name of its backing file is out of place");
  const first = new Uint8Array(cluster);
  file.read(0, first);
  const text = (at: number, count: number): string =>
    Buffer.from(first.subarray(at, at + count)).toString("utf8");
  const headerLength = version === 2 ? VERSION_2_LENGTH : view.getUint32(100);
  return { file: text(offset, length), format: backingFormat(first, headerLength, offset, text) };
}

/** Look through the header's extensions for the backing file's format. */
function backingFormat(
  first: Uint8Array,
  from: number,
  end: number,
  text: (at: number, count: number) => string,
): string | undefined {
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  for (let at = from; at + 8 <= end && at + 8 <= first.length;) {
    const type = view.getUint32(at);
    const length = view.getUint32(at + 4);
    if (type === 0 || at + 8 + length > first.length) return undefined;
    if (type === BACKING_FORMAT) return text(at + 8, length);
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return undefined;
}

function safe(value: bigint, file: ImageFile, what: string): number {
  if (value > BigInt(2 ** 52)) throw failure.damagedQcow2(file.path, `${what} is beyond everything`);
  return Number(value);
}
