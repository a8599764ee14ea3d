import { dirname, resolve } from "node:path";
import { type Disk, type DiskSource, diskSource } from "@lockframe/plugin-api";
import { failure } from "../errors.ts";
import type { ImageFile } from "../image-file.ts";
import { readHeader } from "./header.ts";
import { Qcow2Disk } from "./qcow2-disk.ts";
import { checkTablePlaces } from "./table-places.ts";

/**
 * Open a qcow2 image and what it rests on.
 * @param openBelow opens the image below, read-only
 * @throws LockframeError LF-DISK-020 to LF-DISK-024
 */
export function openQcow2(
  file: ImageFile,
  { discard }: Pick<DiskSource, "discard">,
  openBelow: (source: DiskSource) => Disk,
): Disk {
  const header = readHeader(file);
  if (!file.readOnly) checkTablePlaces(file, header);
  const { backing } = header;
  if (backing === undefined) return new Qcow2Disk(file, header, undefined, discard);
  if (/^(?:json|nbd|https?|ssh|iscsi|rbd|nfs|fat|blkdebug):/.test(backing.file))
    throw failure.unsupportedQcow2(file.path, `a backing file that is no file (${backing.file})`);
  if (backing.format === undefined) throw failure.backingFormat(file.path, backing.file);
  const path = resolve(dirname(file.path), backing.file.replace(/^file:/, ""));
  const below = openBelow(diskSource.parse({ file: path, format: backing.format, readOnly: true }));
  return new Qcow2Disk(file, header, below, discard);
}
