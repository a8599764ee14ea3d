/**
 * No huge pages behind the storage of a protected guest: the Ultravisor owns storage in 4 KiB pages.
 *
 * A machine that was asked to be protectable is refused. Any other machine runs, and its guest is told on DIAGNOSE 308
 * subcode 10, as QEMU does it. Large pages that the guest makes for itself (EDAT) are its own affair.
 */
import { definePlugin, refuse, withVeto } from "@lockframe/plugin-api";

const MESSAGE = "Protected VMs can currently not be backed with huge pages";
/** DIAGNOSE 308: invalid for a protected configuration. */
const INVALID_FOR_PV = 0x0a02;

export default definePlugin({
  name: "@lockframe/plugin-no-huge-page-backing",
  api: 1,
  title: "Refuses host huge pages behind the storage of a protected guest",
  taps: {
    facilities: {
      phase: "late",
      run(plan) {
        if (plan.storage.backing !== "huge-pages") return plan;
        if (plan.protection.requested) {
          refuse(
            "LF-PV-003",
            MESSAGE,
            "Leave out `-mem-path` and hugetlb backends (in a profile: storage.backing: anonymous).",
          );
        }
        return withVeto(plan, { responseCode: INVALID_FOR_PV, message: MESSAGE });
      },
    },
  },
});
