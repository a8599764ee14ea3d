/**
 * Bootable optical media. Sources: "El Torito" Bootable CD-ROM Format Specification 1.0, ECMA-119; which boot images are
 * for this architecture: QEMU pc-bios/s390-ccw/bootmap.h.
 */
import { BlockReader, type Medium } from "./block-reader.ts";
import { failure } from "./loader-error.ts";
import type { Program } from "./program.ts";

const SECTOR = 2048;
const FIRST_DESCRIPTOR = 16;
const MOST_DESCRIPTORS = 64;
const VOLUME_ID = new TextEncoder().encode("CD001");
const EL_TORITO = new TextEncoder().encode("EL TORITO SPECIFICATION");
const descriptorType = { boot: 0, primary: 1, end: 255 } as const;
const CATALOG_AT = 0x47;
const ENTRY = 32;
const CATALOG_ENTRIES = 64;
const BOOTABLE = 0x88;
const VALIDATION = 1;
/** Channel program in the first words of a kernel that can be loaded by a channel program. */
const IMAGE_MARK = Uint8Array.from(Buffer.from("020000186000005002000068600000504040404040404040", "hex"));
const IMAGE_MARK_AT = 8;
const ROOT_AT = 156;
const MOST_RECORDS = 65536;

/** What a catalog entry says of a boot image. */
interface BootImage {
  readonly sector: number;
  readonly address: number;
  /** Bytes, as far as the catalog knows. */
  readonly length: number;
}

export function isOptical(medium: Medium): boolean {
  const reader = new BlockReader(medium, SECTOR);
  if (reader.blocks <= FIRST_DESCRIPTOR) return false;
  return matches(reader.read(FIRST_DESCRIPTOR, "a volume descriptor"), 1, VOLUME_ID);
}

/** Boot images for this machine, in their order; the default is the first. */
export function opticalPrograms(
  medium: Medium,
  storageSize: number,
): { readonly entries: readonly number[]; program(entry: number): Program } {
  const reader = new BlockReader(medium, SECTOR);
  const { catalog, root } = readDescriptors(reader);
  const images = bootImages(reader, catalog);
  return {
    entries: [0, ...images.map((_, n) => n + 1)],
    program(entry) {
      const image = images[Math.max(entry, 1) - 1];
      if (image === undefined) throw failure.noBootImage(Math.max(entry, 1), images.length);
      const length = fileLength(reader, root, image.sector) ?? image.length;
      if (image.address + length > storageSize) throw failure.doesNotFit(image.address, length, storageSize);
      const sectors = Math.ceil(length / SECTOR);
      reader.check(image.sector, sectors, "the boot image");
      const read = (): Uint8Array => reader.read(image.sector, "the boot image", sectors).subarray(0, length);
      return { pieces: [{ address: image.address, length, read }], start: { kind: "image" } };
    },
  };
}

/** A run of sectors that a directory occupies. */
interface Directory {
  readonly sector: number;
  readonly length: number;
}

function readDescriptors(reader: BlockReader): { catalog: number; root: Directory | undefined } {
  let catalog: number | undefined;
  let root: Directory | undefined;
  for (let n = 0; n < MOST_DESCRIPTORS; n++) {
    const bytes = reader.read(FIRST_DESCRIPTOR + n, "a volume descriptor");
    const view = new DataView(bytes.buffer);
    if (!matches(bytes, 1, VOLUME_ID) || bytes[0] === descriptorType.end) break;
    if (bytes[0] === descriptorType.boot && matches(bytes, 7, EL_TORITO))
      catalog ??= view.getUint32(CATALOG_AT, true);
    if (bytes[0] === descriptorType.primary)
      root ??= { sector: view.getUint32(ROOT_AT + 2, true), length: view.getUint32(ROOT_AT + 10, true) };
  }
  if (catalog === undefined) throw failure.notBootable("the optical medium has no boot catalog");
  return { catalog, root };
}

function bootImages(reader: BlockReader, catalog: number): BootImage[] {
  const bytes = reader.read(catalog, "the boot catalog");
  const view = new DataView(bytes.buffer);
  if (bytes[0] !== VALIDATION || view.getUint16(30) !== 0x55aa) throw failure.badIso("is not valid");
  const images: BootImage[] = [];
  for (let n = 1; n < CATALOG_ENTRIES; n++) {
    const at = n * ENTRY;
    const sector = view.getUint32(at + 8, true);
    if (bytes[at] !== BOOTABLE || sector >= reader.blocks) continue;
    if (!matches(reader.read(sector, "the boot image"), IMAGE_MARK_AT, IMAGE_MARK)) continue;
    images.push({
      sector,
      address: view.getUint16(at + 2, true),
      length: Math.ceil(view.getUint16(at + 6, true) / 4) * SECTOR,
    });
  }
  return images;
}

/** Length of the file that begins at a sector: a catalog can count 32 MiB at most. */
function fileLength(reader: BlockReader, root: Directory | undefined, sector: number): number | undefined {
  const visited = new Set<number>();
  const pending = root === undefined ? [] : [root];
  let records = 0;
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    if (visited.has(directory.sector)) continue;
    visited.add(directory.sector);
    for (const record of directoryRecords(reader, directory)) {
      if ((records += 1) > MOST_RECORDS) return undefined;
      if (record.isDirectory) pending.push(record);
      else if (record.sector === sector) return record.length;
    }
  }
  return undefined;
}

function* directoryRecords(
  reader: BlockReader,
  { sector, length }: Directory,
): Generator<Directory & { readonly isDirectory: boolean }> {
  for (let n = 0; n * SECTOR < length && sector + n < reader.blocks; n++) {
    const bytes = reader.read(sector + n, "a directory");
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + 33 <= SECTOR && (bytes[at] ?? 0) >= 33; at += bytes[at] ?? SECTOR) {
      yield {
        sector: view.getUint32(at + 2, true),
        length: view.getUint32(at + 10, true),
        isDirectory: ((bytes[at + 25] ?? 0) & 2) !== 0,
      };
    }
  }
}

function matches(bytes: Uint8Array, at: number, mark: Uint8Array): boolean {
  return mark.every((byte, i) => bytes[at + i] === byte);
}
