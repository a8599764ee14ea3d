import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { collect } from "../src/decompress.ts";
import { storeXz } from "./xz-writer.ts";

export type TarEntry = Partial<Header> & { readonly name: string; readonly content?: string | Uint8Array };

/** Compressions of .deb members, by the end of their names. */
export const compressors = {
  "": (bytes: Uint8Array) => bytes,
  ".gz": (bytes: Uint8Array) => gzipSync(bytes),
  ".zst": (bytes: Uint8Array) => zstdCompressSync(bytes),
  ".xz": storeXz,
};

export async function buildTar(entries: readonly TarEntry[]): Promise<Uint8Array> {
  const tar = pack();
  for (const { content = "", ...header } of entries) tar.entry(header, Buffer.from(content));
  tar.finalize();
  return Buffer.concat(await collect(tar as AsyncIterable<Uint8Array>));
}

export function buildAr(members: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const pieces = members.flatMap(([name, bytes]) => [
    Buffer.from(`${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6).repeat(2)}${"100644".padEnd(8)}`),
    Buffer.from(`${String(bytes.length).padEnd(10)}\`\n`),
    bytes,
    Buffer.from(bytes.length % 2 === 0 ? "" : "\n"),
  ]);
  return Buffer.concat([Buffer.from("!<arch>\n"), ...pieces]);
}

export async function buildDeb(
  entries: readonly TarEntry[],
  ending: keyof typeof compressors = ".xz",
  control = "Package: sample\nVersion: 1\n",
): Promise<Uint8Array> {
  const compress = compressors[ending];
  return buildAr([
    ["debian-binary", Buffer.from("2.0\n")],
    [`control.tar${ending}`, compress(await buildTar([{ name: "./control", content: control }]))],
    [`data.tar${ending}`, compress(await buildTar(entries))],
  ]);
}
