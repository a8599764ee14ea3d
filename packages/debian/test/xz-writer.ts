import { crc32 } from "node:zlib";

/** An .xz file of stored (uncompressed) LZMA2 chunks. Source: the .xz file format, version 1.2.1. */
export function storeXz(content: Uint8Array): Uint8Array {
  const streamFlags = Buffer.from([0x00, 0x01]);
  const head = Buffer.concat([
    Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
    streamFlags,
    sum(streamFlags),
  ]);
  const filters = Buffer.from([0x02, 0x00, 0x21, 0x01, 0x16, 0x00, 0x00, 0x00]);
  const block = Buffer.concat([filters, sum(filters), chunks(content)]);
  const unpadded = block.length + 4;
  const fields = padded(Buffer.concat([Buffer.from([0x00, 0x01]), varint(unpadded), varint(content.length)]));
  const index = Buffer.concat([fields, sum(fields)]);
  const back = Buffer.alloc(4);
  back.writeUInt32LE(index.length / 4 - 1);
  const tail = Buffer.concat([back, streamFlags]);
  return Buffer.concat([head, padded(block), sum(content), index, sum(tail), tail, Buffer.from("YZ")]);
}

function chunks(content: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 0x10000) {
    const piece = content.subarray(at, at + 0x10000);
    const size = piece.length - 1;
    pieces.push(Buffer.from([at === 0 ? 0x01 : 0x02, size >> 8, size & 0xff]), piece);
  }
  return Buffer.concat([...pieces, Buffer.from([0x00])]);
}

function sum(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(crc32(bytes));
  return out;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
