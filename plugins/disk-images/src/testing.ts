/** Makes and copies images, for whoever puts this package to the test. */
import { closeSync, openSync, writeSync, ftruncateSync } from "node:fs";
import { diskSource } from "@lockframe/plugin-api";
import { DiskImages } from "./disk-images.ts";

export { type BlankOptions, writeBlank as writeEmptyQcow2 } from "../test/qcow2-image.ts";

const PIECE = 2 ** 20;

/** Read an image to its end, into a raw one with holes where it is zero. @throws LockframeError */
export async function copyToRaw(file: string, format: string, target: string): Promise<void> {
  const disk = new DiskImages().open(diskSource.parse({ file, format, readOnly: true }));
  const descriptor = openSync(target, "w");
  try {
    ftruncateSync(descriptor, disk.size);
    for (let offset = 0; offset < disk.size; offset += PIECE) {
      const piece = Buffer.alloc(Math.min(PIECE, disk.size - offset));
      disk.read(offset, piece);
      if (piece.some((byte) => byte !== 0)) writeSync(descriptor, piece, 0, piece.length, offset);
    }
  } finally {
    closeSync(descriptor);
    await disk.close();
  }
}
