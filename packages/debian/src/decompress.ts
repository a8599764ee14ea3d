import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import xz from "xz-decompress";

/** How a file is compressed, named as files' endings are. */
export type Compression = "xz" | "zst" | "gz" | "none";

/** The pieces of a compressed file's content, as they come out. Damage makes the iteration throw. */
export function decompress(bytes: Uint8Array, compression: Compression): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "none":
      return pieces([bytes]);
    case "gz":
      return Readable.from([bytes]).pipe(createGunzip());
    case "zst":
      return Readable.from([bytes]).pipe(createZstdDecompress());
    case "xz":
      return pieces(new xz.XzReadableStream(new Blob([new Uint8Array(bytes)]).stream()));
  }
}

async function* pieces(
  source: Iterable<Uint8Array> | ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* source;
}

/** The whole content of a compressed file. */
export async function decompressWhole(bytes: Uint8Array, compression: Compression): Promise<Uint8Array> {
  return Buffer.concat(await collect(decompress(bytes, compression)));
}

/** All values of an asynchronous iteration. */
export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}
