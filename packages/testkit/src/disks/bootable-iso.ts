/** A small bootable optical medium. Sources: ECMA-119; "El Torito" Bootable CD-ROM Format Specification 1.0. */
import { BlockWriter } from "./block-writer.ts";

const SECTOR = 2048;
const CATALOG_ENTRY = 32;
const ROOT = 19;
const CATALOG = 20;

/**
 * A medium with these images, each a file in its root directory.
 * @param images kernels to be loaded at 0; those that begin like one for a channel program are for s390x
 */
export function writeBootableIso(images: readonly Uint8Array[]): Uint8Array {
  const writer = new BlockWriter(SECTOR, CATALOG + 1);
  const places = images.map((bytes) => ({ sector: writer.append(bytes).block, length: bytes.length }));
  writer.put(
    16,
    descriptor(1, (view, bytes) => bytes.set(directoryRecord(ROOT, SECTOR, 2), 156)),
  );
  writer.put(
    17,
    descriptor(0, (view, bytes) => {
      bytes.set(new TextEncoder().encode("EL TORITO SPECIFICATION"), 7);
      view.setUint32(0x47, CATALOG, true);
    }),
  );
  writer.put(
    18,
    descriptor(255, () => undefined),
  );
  const records = places.map(({ sector, length }) => directoryRecord(sector, length, 0));
  writer.put(
    ROOT,
    Buffer.concat([directoryRecord(ROOT, SECTOR, 2), directoryRecord(ROOT, SECTOR, 2), ...records]),
  );
  writer.put(CATALOG, catalog(places.map(({ sector }) => sector)));
  return writer.finish();
}

function descriptor(type: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  bytes[0] = type;
  bytes.set(new TextEncoder().encode("CD001"), 1);
  bytes[6] = 1;
  fill(new DataView(bytes.buffer), bytes);
  return bytes;
}

function directoryRecord(sector: number, length: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(34);
  const view = new DataView(bytes.buffer);
  bytes[0] = bytes.length;
  view.setUint32(2, sector, true);
  view.setUint32(6, sector);
  view.setUint32(10, length, true);
  view.setUint32(14, length);
  bytes[25] = flags;
  bytes[32] = 1;
  return bytes;
}

/** Validation entry, then an entry an image, of four sectors: how long a file is, its directory says. */
function catalog(sectors: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  bytes.set([0x55, 0xaa], 30);
  sectors.forEach((sector, n) => {
    const at = (n + 1) * CATALOG_ENTRY;
    bytes[at] = 0x88;
    view.setUint16(at + 6, 16, true);
    view.setUint32(at + 8, sector, true);
  });
  return bytes;
}
