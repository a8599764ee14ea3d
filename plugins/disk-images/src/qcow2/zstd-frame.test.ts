import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { zstdFrameLength } from "./zstd-frame.ts";

const contents = { empty: Buffer.alloc(0), zeros: Buffer.alloc(300_000), noise: randomBytes(200_000) };
const parameters = [{}, { [constants.ZSTD_c_checksumFlag]: 1 }, { [constants.ZSTD_c_contentSizeFlag]: 0 }];

test.for(Object.entries(contents))("a frame of %s ends where it ends", ([, content]) => {
  for (const params of parameters) {
    const frame = zstdCompressSync(content, { params });
    expect(zstdFrameLength(Buffer.concat([frame, Buffer.alloc(700, 0x55)]))).toBe(frame.length);
    expect(zstdFrameLength(frame.subarray(0, frame.length - 1))).toBeUndefined();
  }
});
