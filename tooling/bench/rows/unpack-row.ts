/** Unpacking and verifying an image, beside the same ciphers and digests of the host's OpenSSL. */
import { createDecipheriv, createHash, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { Storage } from "@lockframe/memory";
import { parseSeImage, stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { DigestThread, Ultravisor, type UltravisorOptions } from "@lockframe/ultravisor";
import { setTimeout as delay } from "node:timers/promises";
import { figureOf, median, ratioOf } from "../figure.ts";
import type { Row } from "./row.ts";

const mebibyte = 2 ** 20;
const imageMebibytes = 64;

/** Seconds of a piece of work: elapsed, and of CPU time. */
type Seconds = readonly [elapsed: number, cpu: number];

export const unpackRow: Row = {
  name: "unpack-verify",
  async measure({ options: { runs } }) {
    const digests = new DigestThread();
    while (digests.open() === undefined) await delay(10); // a machine has it long before its loader is done
    const image = await randomImage(() => digests.open());
    const ours: Seconds[] = [];
    const peer: Seconds[] = [];
    for (let n = 0; n < runs; n++) {
      ours.push(secondsOf(image.start()));
      peer.push(secondsOf(decryptAndDigest));
    }
    await digests.dispose();
    const rates = (side: readonly Seconds[], size: number, which: 0 | 1): number[] =>
      side.map((seconds) => size / 1e6 / seconds[which]);
    const [oursByCpu, peerByCpu] = [median(rates(ours, image.size, 1)), median(rates(peer, peerBytes, 1))];
    return {
      ...figureOf(
        "unpack-verify",
        "MB/s",
        "more",
        rates(ours, image.size, 0),
        rates(peer, peerBytes, 0),
        `by CPU time ${rounded(oursByCpu)} and ${rounded(peerByCpu)} MB/s; peer: OpenSSL, AES-256-XTS then SHA-512, one thread`,
      ),
      cpuRatio: ratioOf("more", oursByCpu, peerByCpu),
      runs: { ours, peer },
    };
  },
};

const rounded = (value: number | null): string => (value === null ? "no" : value.toFixed(0));

function secondsOf(work: () => void): Seconds {
  const start = performance.now();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return [(performance.now() - start) / 1000, (user + system) / 1e6];
}

/** An SE image of noise: `start` places it into new storage, and gives what starts it as a protected guest. */
async function randomImage(
  contentDigest: NonNullable<UltravisorOptions["contentDigest"]>,
): Promise<{ readonly size: number; start(): () => void }> {
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
      const ultravisor = new Ultravisor({ storage, hostKeys: [hostKey], contentDigest });
      const block = storage.fetch(ipib.offset, ipib.length);
      return () => {
        if (!ultravisor.startProtected(block).ok) throw new Error("the image did not start");
      };
    },
  };
}

const peerBytes = imageMebibytes * mebibyte;

/** Decrypting and hashing with nothing around it. */
function decryptAndDigest(): void {
  const chunk = randomBytes(mebibyte);
  const key = randomBytes(64);
  const digest = createHash("sha512");
  for (let done = 0; done < imageMebibytes; done++) {
    createDecipheriv("aes-256-xts", key, randomBytes(16)).update(chunk);
    digest.update(chunk);
  }
  digest.digest();
}
