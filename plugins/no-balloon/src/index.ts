/**
 * No memory balloon: pages that a protected guest gave away would come back changed, which its integrity forbids. QEMU
 * ignores what a protected guest puts into a balloon, and Linux's driver refuses a balloon there.
 */
import { definePlugin, refuse } from "@lockframe/plugin-api";

export default definePlugin({
  name: "@lockframe/plugin-no-balloon",
  api: 1,
  title: "Refuses memory balloons in a protectable machine",
  taps: {
    facilities: {
      phase: "late",
      run(plan) {
        const balloon = plan.devices.find(({ type }) => /^virtio-(?:balloon|mem)(?:-|$)/.test(type));
        if (plan.protection.requested && balloon !== undefined) {
          refuse(
            "LF-PV-005",
            `Protected VMs cannot give storage back to the host: ${balloon.type}${balloon.id === undefined ? "" : ` (${balloon.id})`}`,
            "Leave the balloon out (with libvirt: <memballoon model='none'/>).",
          );
        }
        return plan;
      },
    },
  },
});
