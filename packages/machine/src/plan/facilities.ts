import {
  cpuModels,
  type FacilityName,
  facilityRequirements,
  findCpuModel,
  LockframeError,
  MAX_MODEL,
  modelFacilities,
} from "@lockframe/architecture";
import type { FacilityOffer, Plugin } from "@lockframe/plugin-api";
import { formatPlace, type ResolvedProfile } from "@lockframe/profile";

/** Who asked for a facility, and who asked that it not be there. */
export interface FacilityLedger {
  readonly offeredBy: Map<FacilityName, string>;
  readonly withdrawnBy: Map<FacilityName, string>;
}

export interface FacilitySelection {
  readonly selected: ReadonlySet<FacilityName>;
  readonly ledger: FacilityLedger;
  readonly gaps: readonly FacilityName[];
}

interface Model {
  readonly name: string;
  readonly generation: number;
}

/** The model of a profile by its proper name; `max` is of the newest generation. */
export function modelOf(name: string): Model {
  if (name === MAX_MODEL)
    return { name, generation: Math.max(...cpuModels.map(({ generation }) => generation)) };
  const model = findCpuModel(name);
  if (model === undefined) throw new RangeError(`no CPU model is named ${name}`);
  return model;
}

/**
 * The facilities of a CPU before plugins restrict them: those of its model that are implemented, and what the profile
 * adds and removes. `max` has everything implemented and everything that a plugin offers.
 *
 * @throws LockframeError LF-PLAN-001 not implemented, LF-PLAN-002 not for this model, LF-PLAN-003 without another one
 */
export function selectFacilities(
  resolved: ResolvedProfile,
  plugins: readonly Plugin[],
  implemented: ReadonlySet<FacilityName>,
): FacilitySelection {
  const { cpus, facilities: asked } = resolved.profile;
  const offers = plugins.flatMap((plugin) => plugin.facilities);
  const available = new Set<FacilityName>([...implemented, ...offers.map(({ facility }) => facility)]);
  const whole = wholeModel(cpus.model, available);
  const origin = (list: "add" | "remove", name: string): string =>
    `the profile (${formatPlace(resolved.placeOf(["facilities", list, name]))})`;

  for (const name of asked.add) refuseUnavailable(name, cpus.model, available, offers, origin("add", name));
  const selected = new Set([...whole.filter((name) => available.has(name)), ...asked.add]);
  for (const name of asked.remove) selected.delete(name);
  dropUnfounded(selected, new Set(asked.add));
  return {
    selected,
    gaps: whole.filter((name) => !available.has(name)),
    ledger: {
      offeredBy: new Map(asked.add.map((name) => [name, origin("add", name)])),
      withdrawnBy: new Map(asked.remove.map((name) => [name, origin("remove", name)])),
    },
  };
}

function wholeModel(name: string, available: ReadonlySet<FacilityName>): readonly FacilityName[] {
  if (name === MAX_MODEL) return [...available];
  const model = findCpuModel(name);
  return model === undefined ? [] : modelFacilities(model);
}

function refuseUnavailable(
  name: FacilityName,
  modelName: string,
  available: ReadonlySet<FacilityName>,
  offers: readonly FacilityOffer[],
  askedBy: string,
): void {
  if (!available.has(name)) {
    throw new LockframeError(
      "LF-PLAN-001",
      `${askedBy} adds the facility ${name}, which is not implemented here and which no plugin of the profile offers`,
      name === "unpack"
        ? "Add the plugin `unpack` to the profile."
        : "`lockframe guest gaps` lists what is missing.",
    );
  }
  const since = offers.find(({ facility }) => facility === name)?.since ?? 0;
  if (since > modelOf(modelName).generation) {
    throw new LockframeError(
      "LF-PLAN-002",
      `Feature '${name}' is not available for CPU model '${modelName}', it was introduced with later models`,
      `Choose a model of generation ${since} or later, or \`max\`.`,
    );
  }
}

/** Without the facility that it builds on, one is not offered; if it was asked for by name, that is an error. */
function dropUnfounded(selected: Set<FacilityName>, askedFor: ReadonlySet<FacilityName>): void {
  for (const [name, requires] of facilityRequirements) {
    if (!selected.has(name) || selected.has(requires)) continue;
    if (askedFor.has(name)) {
      throw new LockframeError(
        "LF-PLAN-003",
        `the facility ${name} requires ${requires}, which this CPU does not have`,
      );
    }
    selected.delete(name);
  }
}
