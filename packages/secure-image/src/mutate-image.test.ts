import { LockframeError } from "@lockframe/architecture";
import { beforeAll, describe, expect, it } from "vitest";
import { noise, sampleHost, sampleImage } from "../test/sample-image.ts";
import { sameBytes } from "./bytes.ts";
import { mutateImage, type RandomNumbers } from "./mutate-image.ts";
import { readSeImage } from "./read-se-image.ts";

function randomFrom(seed: string): RandomNumbers {
  const bytes = noise(seed, 1 << 16);
  let at = 0;
  return {
    below(limit) {
      at = (at + 4) % (bytes.length - 4);
      return Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32LE(at) % limit;
    },
  };
}

let images: Uint8Array[];
beforeAll(async () => {
  images = [await sampleImage(), await sampleImage({ layout: "genprotimg" })];
});

describe("mutateImage", () => {
  it("leaves the image that it is given as it is, and says what it changed", () => {
    const random = randomFrom("changes");
    for (const image of images) {
      const before = image.slice();
      let changed = 0;
      for (let n = 0; n < 50; n++) {
        const mutated = mutateImage(random, image);
        expect(mutated.changes.length).toBeGreaterThan(0);
        if (!sameBytes(mutated.image, image)) changed += 1;
      }
      expect(sameBytes(image, before)).toBe(true);
      expect(changed).toBeGreaterThan(40);
    }
  });

  it("does the same again with the same numbers", () => {
    const [image] = images;
    expect(mutateImage(randomFrom("x"), image!)).toEqual(mutateImage(randomFrom("x"), image!));
  });

  it("makes images that are read or refused by name, never anything else", () => {
    const random = randomFrom("reading");
    const seen = new Set<string>();
    for (let n = 0; n < 400; n++) {
      const mutated = mutateImage(random, images[n % 2]!);
      try {
        readSeImage(mutated.image, { hostKeys: [sampleHost] }).problems.forEach(({ code }) => seen.add(code));
      } catch (error) {
        expect(error, mutated.changes.join("; ")).toBeInstanceOf(LockframeError);
        if (error instanceof LockframeError) seen.add(error.code);
      }
    }
    expect(seen.size).toBeGreaterThan(15);
  });
});
