/** The disks of the host, as image files: raw and qcow2. What is behind a disk is opened when its device is created. */
import { definePlugin } from "@lockframe/plugin-api";
import { DiskImages } from "./disk-images.ts";

export default definePlugin({
  name: "@lockframe/plugin-disk-images",
  api: 1,
  title: "Disk images",
  taps: {
    assemble: ({ provide }) => provide("disks", new DiskImages()),
  },
});
