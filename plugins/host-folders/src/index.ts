/** Folders of the host that guests may use, each confined to itself. */
import { definePlugin } from "@lockframe/plugin-api";
import { HostFolders } from "./host-folders.ts";

export default definePlugin({
  name: "@lockframe/plugin-host-folders",
  api: 1,
  title: "Folders of the host",
  taps: {
    assemble: ({ provide }) => provide("folders", new HostFolders()),
  },
});
