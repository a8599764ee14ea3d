/**
 * From a profile and its plugins to the plan of a machine: the CPU model's facilities, what plugins offer and
 * restrict, and the devices with their parsed properties. Nothing exists yet when this is done.
 */
import { type FacilityName, LockframeError } from "@lockframe/architecture";
import type { DeviceRequest, MachinePlan, Plugin } from "@lockframe/plugin-api";
import { type DeviceEntry, parseSize, type ResolvedProfile } from "@lockframe/profile";
import { createHooks, type Hooks } from "../hooks.ts";
import { type FacilityLedger, modelOf, selectFacilities } from "./facilities.ts";
import { type PlannedDevice, planDevices } from "./devices.ts";

export interface PlannedMachine {
  readonly plan: MachinePlan;
  readonly devices: readonly PlannedDevice[];
  readonly hooks: Hooks;
  readonly plugins: readonly Plugin[];
  /** Facilities of the model that this emulator lacks, so that the guest does not see them. */
  readonly gaps: readonly FacilityName[];
  /** What each plugin changed, in order. */
  readonly changes: readonly PlanChange[];
  /** Plan a device that comes while the machine runs. @throws ProfileError as for those that were there from the start */
  planDevice(entry: DeviceEntry): PlannedDevice;
}

export interface PlanChange {
  readonly plugin: string;
  readonly offered: readonly FacilityName[];
  readonly withdrawn: readonly FacilityName[];
  /** Whether it changed anything but facilities. */
  readonly other: boolean;
}

/**
 * Plan a machine.
 *
 * @param implemented - the facilities that the engine implements, without those that plugins offer
 * @throws LockframeError what a plugin refuses; LF-PLAN-001 to LF-PLAN-003 facilities; LF-PLUGIN-002 plugins that
 *   contradict each other or the profile; ProfileError LF-PROFILE-2xx devices
 */
export function planMachine(
  resolved: ResolvedProfile,
  plugins: readonly Plugin[],
  implemented: ReadonlySet<FacilityName>,
): PlannedMachine {
  const { profile } = resolved;
  const { selected, ledger, gaps } = selectFacilities(resolved, plugins, implemented);
  const model = modelOf(profile.cpus.model);
  const first: MachinePlan = {
    name: profile.name,
    uuid: profile.uuid,
    cpu: {
      model: model.name,
      generation: model.generation,
      count: profile.cpus.count,
      maxCount: profile.cpus.count,
      engine: profile.cpus.engine,
    },
    facilities: selected,
    storage: { ...profile.storage, size: parseSize(profile.storage.size) },
    devices: profile.devices.map(requestOf),
    deviceDefaults: [],
    protection: { requested: profile.protection.requested, xray: profile.protection.xray, vetoes: [] },
    onReboot: profile.onReboot,
  };
  const hooks = createHooks(plugins);
  const changes: PlanChange[] = [];
  const plan = hooks.facilities(first, (plugin, before, after) => {
    if (before !== after) changes.push(record(plugin, before, after, ledger));
  });
  return {
    plan,
    devices: planDevices(resolved, plan, plugins),
    hooks,
    plugins,
    gaps,
    changes,
    planDevice(entry) {
      const later = { ...resolved, placeOf: () => LATER };
      const [device] = planDevices(later, { ...plan, devices: [requestOf(entry)] }, plugins);
      if (device === undefined) throw new Error("a device was neither planned nor refused");
      return device;
    },
  };
}

/** Where a device comes from that no profile has. */
const LATER = { source: "while the machine runs" };

const requestOf = ({ type, id, at, ...properties }: DeviceEntry): DeviceRequest => ({
  type,
  id,
  at,
  properties,
});

/** Note what a plugin changed; two parties that contradict each other are both named. */
function record(plugin: Plugin, before: MachinePlan, after: MachinePlan, ledger: FacilityLedger): PlanChange {
  const offered = [...after.facilities].filter((name) => !before.facilities.has(name));
  const withdrawn = [...before.facilities].filter((name) => !after.facilities.has(name));
  for (const name of offered) contradict(plugin, "offers", name, ledger.withdrawnBy.get(name), "withdrew");
  for (const name of withdrawn) contradict(plugin, "withdraws", name, ledger.offeredBy.get(name), "offered");
  for (const name of offered) ledger.offeredBy.set(name, plugin.name);
  for (const name of withdrawn) ledger.withdrawnBy.set(name, plugin.name);
  const { facilities: _before, ...restBefore } = before;
  const { facilities: _after, ...restAfter } = after;
  const other = Object.entries(restAfter).some(([key, value]) => Reflect.get(restBefore, key) !== value);
  return { plugin: plugin.name, offered, withdrawn, other };
}

function contradict(
  plugin: Plugin,
  does: string,
  name: string,
  other: string | undefined,
  did: string,
): void {
  if (other === undefined || other === plugin.name) return;
  throw new LockframeError(
    "LF-PLUGIN-002",
    `${plugin.name} ${does} the facility ${name}, which ${other} ${did}`,
    "Take one of the two out of the profile.",
  );
}
