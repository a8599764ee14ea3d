/** Unpacking and verifying an image, beside the same ciphers and digests of the host's OpenSSL. */
import { createDecipheriv, createHash, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { Storage } from "@lockframe/memory";
import { parseSeImage, stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { Ultravisor } from "@lockframe/ultravisor";
import { figureOf } from "../figure.ts";
import type { Row } from "./row.ts";

const mebibyte = 2 ** 20;
const imageMebibytes = 64;

export const unpackRow: Row = {
  name: "unpack-verify",
  async measure({ options: { runs } }) {
    const image = await randomImage();
    const ours = Array.from({ length: runs }, () => image.size / 1e6 / secondsOf(image.start()));
    const peer = Array.from({ length: runs }, nativeRate);
    return figureOf(
      "unpack-verify",
      "MB/s",
      "more",
      ours,
      peer,
      "peer: OpenSSL, AES-256-XTS then SHA-512, one thread",
    );
  },
};

function secondsOf(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

/** An SE image of noise: `start` places it into new storage, and gives what starts it as a protected guest. */
async function randomImage(): Promise<{ readonly size: number; start(): () => void }> {
  const hostKey = generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey;
  const kernel = new Uint8Array(0x11000);
  kernel.set(Buffer.from("S390EP"), 0x10008);
  const image = await writeSeImage({
    kernel,
    initrd: randomBytes(imageMebibytes * mebibyte),
    cmdline: Buffer.from("bench"),
    hostKeys: [createPublicKey(hostKey)],
    loaders: { stage3a: stage3a(), stage3b: stage3b() },
    layout: "pvimg",
  });
  const { ipib, headerOffset, header } = parseSeImage(image);
  if (ipib === undefined) throw new Error("the image has no IPL information block");
  const size = ipib.components.reduce((sum, { length }) => sum + length, 0);
  return {
    size,
    start() {
      const storage = Storage.create({ size: 2 * imageMebibytes * mebibyte, reserved: 0 });
      storage.storeBytes(0, image);
      storage.store64(ipib.offset + 0x78, BigInt(headerOffset));
      storage.store64(ipib.offset + 0x80, BigInt(header.size));
      const ultravisor = new Ultravisor({ storage, hostKeys: [hostKey] });
      const block = storage.fetch(ipib.offset, ipib.length);
      return () => {
        if (!ultravisor.startProtected(block).ok) throw new Error("the image did not start");
      };
    },
  };
}

/** MB/s of decrypting and hashing with nothing around it. */
function nativeRate(): number {
  const chunk = randomBytes(mebibyte);
  const key = randomBytes(64);
  const digest = createHash("sha512");
  const seconds = secondsOf(() => {
    for (let done = 0; done < imageMebibytes; done++) {
      const cipher = createDecipheriv("aes-256-xts", key, randomBytes(16));
      cipher.update(chunk);
      digest.update(chunk);
    }
    digest.digest();
  });
  return (imageMebibytes * mebibyte) / 1e6 / seconds;
}
