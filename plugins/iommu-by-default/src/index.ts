/**
 * The IOMMU on by default for every I/O device of a protectable machine.
 *
 * A protected guest hands its devices shared pages alone, so a virtio device must offer VIRTIO_F_ACCESS_PLATFORM
 * (bit 33). What the user says about a device wins, as with QEMU.
 */
import { definePlugin, withDeviceDefault } from "@lockframe/plugin-api";

export default definePlugin({
  name: "@lockframe/plugin-iommu-by-default",
  api: 1,
  title: "Turns iommu_platform on for every virtio device of a protectable machine",
  taps: {
    facilities: (plan) =>
      plan.protection.requested
        ? withDeviceDefault(plan, { class: "virtio", property: "iommu_platform", value: true })
        : plan,
  },
});
