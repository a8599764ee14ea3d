/** virtio block device. Source: OASIS virtio 1.2, "Block Device". */
import { bootProperties, definePlugin, diskSource, virtioDevice, z } from "@lockframe/plugin-api";
import { BlockFunction } from "./block-function.ts";

const BLOCK = 2;

const config = z.strictObject({
  drive: diskSource.meta({ description: "The image behind the disk" }),
  serial: z.string().max(20).default("").meta({ description: "Serial number that the guest sees" }),
  logical_block_size: z
    .union([z.literal(512), z.literal(1024), z.literal(2048), z.literal(4096)])
    .default(512)
    .meta({ description: "Smallest unit of the guest's requests" }),
  physical_block_size: z
    .union([z.literal(512), z.literal(1024), z.literal(2048), z.literal(4096)])
    .default(512)
    .meta({ description: "Unit that the medium itself writes; never less than the logical one" }),
  heads: z.int().min(0).max(255).default(0).meta({ description: "Tracks in a cylinder; 15 of a DASD" }),
  secs: z.int().min(0).max(255).default(0).meta({ description: "Blocks in a track; 12 of 4096 of a DASD" }),
  cyls: z.int().min(0).max(65535).default(0).meta({ description: "Cylinders" }),
  ...bootProperties,
  "num-queues": z.int().min(1).max(64).default(1).meta({ description: "Queues" }),
  "queue-size": z
    .union([64, 128, 256, 512, 1024].map((size) => z.literal(size)))
    .default(256)
    .meta({ description: "Requests that a queue has room for" }),
  discard: z.boolean().default(true).meta({ description: "Offer discarding blocks" }),
  "write-zeroes": z.boolean().default(true).meta({ description: "Offer writing zeros without sending them" }),
});

const virtioBlk = virtioDevice({
  type: "virtio-blk-ccw",
  title: "Block device",
  deviceId: BLOCK,
  config,
  needs: ["disks", "log"],
  create({ config: properties, disks, log }) {
    const disk = disks.open(properties.drive);
    return new BlockFunction(disk, {
      serial: properties.serial,
      blockSize: properties.logical_block_size,
      physicalBlockSize: Math.max(properties.physical_block_size, properties.logical_block_size),
      geometry: { cylinders: properties.cyls, heads: properties.heads, sectors: properties.secs },
      bootIndex: properties.bootindex,
      loadParameter: properties.loadparm,
      queues: properties["num-queues"],
      queueSize: properties["queue-size"],
      writeThrough: properties.drive.cache === "writethrough",
      discard: properties.discard,
      writeZeroes: properties["write-zeroes"],
      failed: (error) => log.warn(`the disk ${properties.drive.file} failed: ${String(error)}`),
    });
  },
});

export default definePlugin({
  name: "@lockframe/plugin-virtio-blk",
  api: 1,
  title: "Block devices for guests",
  devices: [virtioBlk],
});
