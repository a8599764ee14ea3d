/**
 * The unpack facility (STFLE 161): DIAGNOSE 308 subcodes 8, 9 and 10, by which a guest asks to become a protected one.
 *
 * Machines from z15 on can have it; the model `max` has it. A machine that was asked to be protectable must have it.
 */
import { definePlugin, type MachinePlan, refuse } from "@lockframe/plugin-api";

/** CPUs whose entries fit, with the header, in the one SCCB page of a protected guest: (4096 - 144) / 16. */
const MAXIMUM_CPUS = 247;

function requireUnpack(plan: MachinePlan): MachinePlan {
  if (!plan.protection.requested) return plan;
  if (!plan.facilities.has("unpack")) {
    refuse(
      "LF-PV-001",
      `CPU model does not support Protected Virtualization: ${plan.cpu.model} without unpack`,
      "Use `-cpu max`, or a model from gen15a on with `unpack=on` (in a profile: facilities: { add: [unpack] }).",
    );
  }
  if (plan.cpu.maxCount > MAXIMUM_CPUS) {
    refuse(
      "LF-PV-002",
      `Protected VMs support a maximum of ${MAXIMUM_CPUS} CPUs, ${plan.cpu.maxCount} were asked for`,
    );
  }
  return plan;
}

export default definePlugin({
  name: "@lockframe/plugin-unpack",
  api: 1,
  title: "Offers the unpack facility and refuses a protectable machine without it",
  facilities: [{ facility: "unpack", since: 15, title: "DIAGNOSE 308 subcodes 8 to 10" }],
  taps: { facilities: { phase: "late", run: requireUnpack } },
});
