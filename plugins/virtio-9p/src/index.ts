/** virtio 9P transport device: a folder of the host. Source: OASIS virtio 1.2 device type 9, Linux `virtio_9p.h`. */
import { definePlugin, folderSource, virtioDevice, z } from "@lockframe/plugin-api";
import { FolderFunction } from "./folder-function.ts";
import { Server } from "./server.ts";

const TRANSPORT_9P = 9;

const virtio9p = virtioDevice({
  type: "virtio-9p-ccw",
  title: "Shared folder",
  deviceId: TRANSPORT_9P,
  config: z.strictObject({
    fsdev: folderSource.meta({ description: "The folder of the host" }),
    mount_tag: z.string().min(1).max(31).meta({ description: "Name by which the guest mounts it" }),
  }),
  needs: ["folders"],
  create({ config, folders }) {
    const root = folders.open(config.fsdev);
    return new FolderFunction(new Server(root), config.mount_tag, () => root.close());
  },
});

export default definePlugin({
  name: "@lockframe/plugin-virtio-9p",
  api: 1,
  title: "Folders of the host for guests",
  devices: [virtio9p],
});
