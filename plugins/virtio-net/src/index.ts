/** virtio network device. Source: OASIS virtio 1.2, "Network Device". */
import { definePlugin, networkSource, refuse, virtioDevice, z } from "@lockframe/plugin-api";
import { NetworkFunction } from "./network-function.ts";
import { noNetwork } from "./no-network.ts";

const NETWORK = 1;

const config = z.strictObject({
  netdev: networkSource
    .optional()
    .meta({ description: "The network that the interface is attached to; none: its link is down" }),
  mac: z
    .string()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, "six bytes, for instance 52:54:00:12:34:56")
    .optional()
    .meta({ description: "Hardware address; default one that no other interface has" }),
  bootindex: z
    .int()
    .min(0)
    .optional()
    .meta({ description: "Place among the devices to boot from when the machine has no kernel" }),
  host_mtu: z
    .int()
    .min(576)
    .max(65_535)
    .default(1500)
    .meta({ description: "Bytes of a packet at most, told to the guest unless it is 1500" }),
  mrg_rxbuf: z.boolean().default(true).meta({ description: "A frame may take several buffers of the guest" }),
  csum: z.boolean().default(true).meta({ description: "The guest may leave checksums out" }),
  guest_csum: z.boolean().default(true).meta({ description: "The guest takes frames without checksums" }),
  host_tso4: z.boolean().default(true).meta({ description: "The guest may send large TCP segments" }),
  guest_tso4: z.boolean().default(true).meta({ description: "The guest takes large TCP segments" }),
  tx_queue_size: z
    .union([64, 128, 256, 512, 1024].map((size) => z.literal(size)))
    .default(256)
    .meta({ description: "Frames that the queue to the host has room for" }),
  rx_queue_size: z
    .union([64, 128, 256, 512, 1024].map((size) => z.literal(size)))
    .default(256)
    .meta({ description: "Buffers that the queue from the host has room for" }),
});

const virtioNet = virtioDevice({
  type: "virtio-net-ccw",
  title: "Network interface",
  deviceId: NETWORK,
  config,
  needs: ["networks"],
  create({ config: properties, networks }) {
    const address =
      properties.mac === undefined
        ? networks.hardwareAddress()
        : Buffer.from(properties.mac.replaceAll(":", ""), "hex");
    if (((address[0] ?? 0) & 1) !== 0)
      refuse("LF-NET-010", `${properties.mac} is the address of a group, not of an interface`);
    const { netdev } = properties;
    return new NetworkFunction(netdev === undefined ? noNetwork : networks.open(netdev), {
      address,
      linkUp: netdev !== undefined,
      mtu: properties.host_mtu,
      mergeBuffers: properties.mrg_rxbuf,
      checksum: properties.csum,
      guestChecksum: properties.guest_csum,
      segments: properties.csum && properties.host_tso4,
      guestSegments: properties.guest_csum && properties.guest_tso4,
      queueSizes: [properties.rx_queue_size, properties.tx_queue_size],
    });
  },
});

export default definePlugin({
  name: "@lockframe/plugin-virtio-net",
  api: 1,
  title: "Network interfaces for guests",
  devices: [virtioNet],
});
