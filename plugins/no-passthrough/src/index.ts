/** No passthrough: a host device could reach the storage of a protected guest past the Ultravisor. */
import { definePlugin, refuse } from "@lockframe/plugin-api";

export default definePlugin({
  name: "@lockframe/plugin-no-passthrough",
  api: 1,
  title: "Refuses vfio devices in a protectable machine",
  taps: {
    facilities: {
      phase: "late",
      run(plan) {
        const passthrough = plan.devices.find(({ type }) => type.startsWith("vfio-"));
        if (plan.protection.requested && passthrough !== undefined) {
          refuse(
            "LF-PV-004",
            `Protected VMs cannot have passthrough devices: ${passthrough.type}${passthrough.id === undefined ? "" : ` (${passthrough.id})`}`,
            "Use a virtio device instead, or start the machine without confidential-guest-support.",
          );
        }
        return plan;
      },
    },
  },
});
