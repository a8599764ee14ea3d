import { inflateRawSync, zstdDecompressSync } from "node:zlib";
import type { Disk } from "@lockframe/plugin-api";
import type { ImageFile } from "../image-file.ts";
import { ClusterMap, type Mapping } from "./cluster-map.ts";
import { headerField, type Qcow2Header } from "./header.ts";
import { CorruptImage, Refcounts } from "./refcounts.ts";
import { zstdFrameLength } from "./zstd-frame.ts";

/**
 * A qcow2 image. What is written goes to clusters of its own before any table names them; tables are written by `flush`,
 * each after what it refers to, and a cluster is used again only when nothing on the host's side refers to it.
 */
export class Qcow2Disk implements Disk {
  readonly size: number;
  readonly readOnly: boolean;
  readonly #file: ImageFile;
  readonly #header: Qcow2Header;
  readonly #backing: Disk | undefined;
  readonly #discards: boolean;
  readonly #cluster: number;
  readonly #refcounts: Refcounts;
  readonly #map: ClusterMap;
  /** Clusters that the tables on the host's side may still refer to. */
  #toRelease: number[] = [];
  #flushing: Promise<void> = Promise.resolve();

  /**
   * @param backing what this image does not have; it may be shorter
   * @param discards whether discarded clusters are given back
   */
  constructor(file: ImageFile, header: Qcow2Header, backing: Disk | undefined, discards: boolean) {
    this.#file = file;
    this.#header = header;
    this.#backing = backing;
    this.#discards = discards;
    this.size = header.size;
    this.readOnly = file.readOnly;
    this.#cluster = 2 ** header.clusterBits;
    this.#refcounts = new Refcounts(file, header);
    this.#map = new ClusterMap(file, header, this.#refcounts, (offset) => this.#toRelease.push(offset));
    if (!this.readOnly && header.version === 3) file.write(headerField.autoclear, new Uint8Array(8));
  }

  read(offset: number, target: Uint8Array): void {
    this.#pieces(offset, target.length, (cluster, within, from, length) =>
      this.#readPiece(cluster, within, target.subarray(from, from + length)),
    );
  }

  #readPiece(cluster: number, within: number, target: Uint8Array): void {
    const mapping = this.#map.get(cluster);
    switch (mapping.kind) {
      case "zero":
        target.fill(0);
        return;
      case "data":
        return this.#file.read(mapping.offset + within, target);
      case "compressed":
        target.set(this.#decompress(mapping).subarray(within, within + target.length));
        return;
      case "absent":
        return this.#readBelow(cluster * this.#cluster + within, target);
    }
  }

  #readBelow(offset: number, target: Uint8Array): void {
    const there = Math.min(target.length, Math.max(0, (this.#backing?.size ?? 0) - offset));
    if (there > 0) this.#backing?.read(offset, target.subarray(0, there));
    target.fill(0, there);
  }

  #decompress({ offset, length }: Extract<Mapping, { kind: "compressed" }>): Uint8Array {
    const packed = new Uint8Array(length);
    this.#file.read(offset, packed);
    try {
      const bytes = this.#unpack(packed);
      if (bytes.length === this.#cluster) return bytes;
    } catch (error) {
      throw new CorruptImage("a compressed cluster cannot be decompressed", { cause: error });
    }
    throw new CorruptImage("a compressed cluster is too short");
  }

  /** What is compressed ends somewhere in these bytes. */
  #unpack(packed: Uint8Array): Uint8Array {
    const options = { maxOutputLength: this.#cluster };
    return this.#header.compression === "zlib"
      ? inflateRawSync(packed, options)
      : zstdDecompressSync(packed.subarray(0, zstdFrameLength(packed)), options);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#pieces(offset, bytes.length, (cluster, within, from, length) =>
      this.#writePiece(cluster, within, bytes.subarray(from, from + length)),
    );
  }

  #writePiece(cluster: number, within: number, bytes: Uint8Array): void {
    const mapping = this.#map.get(cluster);
    if (mapping.kind === "data" && mapping.owned) {
      this.#checkPlace(mapping.offset);
      this.#refcounts.checkOwned(mapping.offset);
      return this.#file.write(mapping.offset + within, bytes);
    }
    const whole = this.#wholeCluster(cluster, within, bytes);
    const kept = mapping.kind === "zero" && mapping.owned ? mapping.offset : 0;
    if (kept !== 0) this.#refcounts.checkOwned(kept);
    const offset = kept !== 0 ? kept : this.#refcounts.allocate();
    this.#checkPlace(offset);
    this.#file.write(offset, whole);
    this.#map.setData(cluster, offset);
    if (kept === 0) this.#giveBack(mapping);
  }

  /** A cluster's content with some bytes changed. */
  #wholeCluster(cluster: number, within: number, bytes: Uint8Array): Uint8Array {
    if (bytes.length === this.#cluster) return bytes;
    const whole = new Uint8Array(this.#cluster);
    this.#readPiece(cluster, 0, whole);
    whole.set(bytes, within);
    return whole;
  }

  /** Data must not go where tables are, whatever a damaged table says. */
  #checkPlace(offset: number): void {
    if (this.#map.isOwn(offset) || this.#refcounts.isOwn(offset))
      throw new CorruptImage(`data would go to tables at ${offset}`);
  }

  /** What was mapped here is not referred to from here any more. */
  #giveBack(mapping: Mapping): void {
    if (mapping.kind === "absent") return;
    if (mapping.kind !== "compressed") {
      if (mapping.offset !== 0) this.#toRelease.push(mapping.offset);
      return;
    }
    const first = mapping.offset - (mapping.offset % this.#cluster);
    for (let at = first; at < mapping.offset + mapping.length; at += this.#cluster) this.#toRelease.push(at);
  }

  writeZeroes(offset: number, length: number, unmap: boolean): void {
    this.#pieces(offset, length, (cluster, within, _from, count) => {
      if (count === this.#lengthOf(cluster)) this.#zeroCluster(cluster, unmap && this.#discards);
      else this.#writePiece(cluster, within, new Uint8Array(count));
    });
  }

  #zeroCluster(cluster: number, unmap: boolean): void {
    const mapping = this.#map.get(cluster);
    if (this.#header.version === 2) {
      if (mapping.kind !== "absent" || this.#backing !== undefined)
        this.#writePiece(cluster, 0, new Uint8Array(this.#cluster));
      return;
    }
    const keep = !unmap && (mapping.kind === "data" || mapping.kind === "zero") && mapping.owned;
    this.#map.setZero(cluster, keep ? mapping.offset : 0);
    if (!keep) this.#giveBack(mapping);
  }

  /** Whole clusters are given back; a disk on top of another must not let the other show through. */
  discard(offset: number, length: number): void {
    if (!this.#discards) return;
    this.#pieces(offset, length, (cluster, _within, _from, count) => {
      if (count !== this.#lengthOf(cluster)) return;
      const mapping = this.#map.get(cluster);
      if (mapping.kind === "absent" || (this.#header.version === 2 && this.#backing !== undefined)) return;
      if (this.#header.version === 3) this.#map.setZero(cluster, 0);
      else this.#map.setAbsent(cluster);
      this.#giveBack(mapping);
    });
  }

  /** Bytes of the disk that a cluster has: the last one may have fewer. */
  #lengthOf(cluster: number): number {
    return Math.min(this.#cluster, this.size - cluster * this.#cluster);
  }

  flush(): Promise<void> {
    if (this.readOnly) return Promise.resolve();
    const flushed = this.#flushing.then(() => this.#flushNow());
    this.#flushing = flushed.catch(() => undefined); // whoever asked is told
    return flushed;
  }

  async #flushNow(): Promise<void> {
    const changes = this.#map.takeChanges();
    const released = this.#toRelease;
    this.#toRelease = [];
    let [tablesWritten, rootsWritten] = [false, false];
    try {
      await this.#file.synchronize(); // data and counts
      if (changes.tables.length > 0) await this.#writeAll(changes.tables);
      tablesWritten = true;
      if (changes.roots.length > 0) await this.#writeAll(changes.roots);
      rootsWritten = true;
    } finally {
      changes.done(tablesWritten);
      if (!rootsWritten) {
        changes.lost();
        this.#toRelease.push(...released);
      }
    }
    for (const offset of released) this.#refcounts.release(offset);
  }

  async #writeAll(writes: readonly { readonly offset: number; readonly bytes: Uint8Array }[]): Promise<void> {
    for (const { offset, bytes } of writes) this.#file.write(offset, bytes);
    await this.#file.synchronize();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#file.close();
      await this.#backing?.close();
    }
  }

  #pieces(
    offset: number,
    total: number,
    visit: (cluster: number, within: number, from: number, length: number) => void,
  ): void {
    for (let done = 0; done < total;) {
      const at = offset + done;
      const within = at % this.#cluster;
      const length = Math.min(total - done, this.#cluster - within);
      visit(Math.floor(at / this.#cluster), within, done, length);
      done += length;
    }
  }
}
