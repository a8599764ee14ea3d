/**
 * virtio entropy device: whatever room a driver gives is filled with random bytes of the host.
 * Source: OASIS virtio 1.2, "Entropy Device".
 */
import { definePlugin, virtioDevice, z } from "@lockframe/plugin-api";

const ENTROPY = 4;
const QUEUE_SIZE = 8;
/** A driver may ask for gigabytes, but not at once. */
const MOST_AT_ONCE = 64 * 1024;

const virtioRng = virtioDevice({
  type: "virtio-rng-ccw",
  title: "Entropy device",
  deviceId: ENTROPY,
  config: z.strictObject({}),
  needs: ["entropy"],
  create: ({ entropy }) => ({
    features: 0n,
    queueSizes: [QUEUE_SIZE],
    available(queue) {
      for (let request = queue.next(); request !== undefined; request = queue.next()) {
        const bytes = entropy.bytes(Math.min(request.writable, MOST_AT_ONCE));
        request.write(0, bytes);
        request.complete(bytes.length);
      }
    },
  }),
});

export default definePlugin({
  name: "@lockframe/plugin-virtio-rng",
  api: 1,
  title: "Entropy for guests",
  devices: [virtioRng],
});
