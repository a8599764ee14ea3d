import type { PrivateKey } from "openpgp";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { buildDeb } from "../test/deb-builder.ts";
import { LoopbackMirror, makeKey } from "../test/loopback-mirror.ts";
import { storeXz } from "../test/xz-writer.ts";
import { fetchKernelModules, moduleInformation } from "./kernel-modules.ts";

const KERNEL = "linux-image-6.12.107+deb13-s390x";
const FOLDER = "usr/lib/modules/6.12.107+deb13-s390x";

/** An ELF file with nothing but the section that modules describe themselves in. */
function module(information: string): Uint8Array {
  const names = Buffer.from("\0.modinfo\0.strings\0");
  const info = Buffer.from(information);
  const elf = Buffer.alloc(64 + 64 * 3 + names.length + info.length);
  elf.writeUInt32BE(0x7f454c46);
  elf.writeBigUInt64BE(64n, 0x28);
  elf.writeUInt16BE(3, 0x3c);
  elf.writeUInt16BE(2, 0x3e);
  const section = (index: number, name: number, at: number, bytes: Uint8Array): void => {
    elf.writeUInt32BE(name, 64 + 64 * index);
    elf.writeBigUInt64BE(BigInt(at), 64 + 64 * index + 0x18);
    elf.writeBigUInt64BE(BigInt(bytes.length), 64 + 64 * index + 0x20);
    elf.set(bytes, at);
  };
  section(1, 1, 256, info);
  section(2, 10, 256 + info.length, names);
  return elf;
}

const modules = {
  "drivers/block/virtio_blk.ko": module("license=GPL\0alias=virtio:d00000002v*\0depends="),
  "fs/ext4/ext4.ko": module("depends=jbd2,mbcache,crc16"),
  "fs/jbd2/jbd2.ko": module("depends=crc16"),
  "fs/mbcache.ko": module("depends="),
  "lib/crc16.ko": module(""),
  "fs/broken.ko": module("depends=nowhere"),
};

let key: PrivateKey;
let mirror: LoopbackMirror;

beforeAll(async () => {
  key = await makeKey();
});
beforeEach(async () => {
  mirror = new LoopbackMirror();
  await mirror.start();
  const files = Object.entries(modules).map(([path, bytes]) => ({
    name: `./${FOLDER}/kernel/${path}.xz`,
    content: storeXz(bytes),
  }));
  await mirror.publish("trixie", {
    key,
    packages: [
      { name: "linux-image-s390x", fields: `Depends: ${KERNEL}\n` },
      { name: KERNEL, deb: await buildDeb(files) },
    ],
  });
});
afterEach(() => mirror.stop());

it("modules come decompressed, with what they depend on and the lists that modprobe reads", async () => {
  const files = await fetchKernelModules(await mirror.archive(key), ["virtio-blk", "ext4"]);
  const contents = new Map(
    files.map((file) => [file.path, file.type === "file" ? Buffer.from(file.bytes).toString("latin1") : ""]),
  );
  expect([...contents.keys()].toSorted()).toEqual([
    `${FOLDER}/kernel/drivers/block/virtio_blk.ko`,
    `${FOLDER}/kernel/fs/ext4/ext4.ko`,
    `${FOLDER}/kernel/fs/jbd2/jbd2.ko`,
    `${FOLDER}/kernel/fs/mbcache.ko`,
    `${FOLDER}/kernel/lib/crc16.ko`,
    `${FOLDER}/modules.alias`,
    `${FOLDER}/modules.dep`,
  ]);
  expect(contents.get(`${FOLDER}/modules.alias`)).toBe("alias virtio:d00000002v* virtio_blk\n");
  const dependencies = contents.get(`${FOLDER}/modules.dep`)?.split("\n");
  expect(dependencies).toContain(
    "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko kernel/lib/crc16.ko",
  );
  expect(dependencies).toContain("kernel/fs/mbcache.ko:");
});

it("a module that the kernel lacks, or that one of its modules needs, is named", async () => {
  const archive = await mirror.archive(key);
  const reason = (name: string) => fetchKernelModules(archive, [name]).catch((error: unknown) => error);
  expect(await reason("virtio_ring")).toMatchObject({ code: "LF-DEBIAN-034" });
  expect(await reason("broken")).toMatchObject({ message: expect.stringContaining("'nowhere'") });
});

it("a file that is no module has no information", () => {
  expect(moduleInformation(Buffer.from("MZ")).size).toBe(0);
  expect(moduleInformation(Buffer.alloc(64, 0x7f)).size).toBe(0);
});
