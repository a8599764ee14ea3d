import type { DeviceDefinition, DeviceRequest, MachinePlan, Plugin } from "@lockframe/plugin-api";
import { check, type Diagnostic, didYouMean, type ResolvedProfile, throwIfAny } from "@lockframe/profile";

/** A device whose kind is known and whose properties fit it. */
export interface PlannedDevice {
  readonly definition: DeviceDefinition;
  readonly request: DeviceRequest;
  /** The user's properties and the plan's defaults; to be given to `definition.instantiate`. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/**
 * Find the definition of each device and check its properties, all of them before anything is created.
 *
 * @throws ProfileError LF-PROFILE-201 unknown kind, or what `check` finds in the properties
 */
export function planDevices(
  resolved: ResolvedProfile,
  plan: MachinePlan,
  plugins: readonly Plugin[],
): readonly PlannedDevice[] {
  const definitions = new Map(plugins.flatMap(({ devices }) => devices).map((each) => [each.type, each]));
  const diagnostics: Diagnostic[] = [];
  const planned: PlannedDevice[] = [];
  for (const [index, request] of plan.devices.entries()) {
    const path = ["devices", index];
    const definition = definitions.get(request.type);
    if (definition === undefined) {
      const message = `'${request.type}' is not a valid device model name${didYouMean(request.type, definitions.keys())}`;
      const typePath = [...path, "type"];
      diagnostics.push({
        code: "LF-PROFILE-201",
        place: resolved.placeOf(typePath),
        path: typePath,
        message,
      });
      continue;
    }
    const properties = { ...defaultsFor(definition, plan), ...request.properties };
    const placeOf = resolved.placeOf;
    diagnostics.push(
      ...check(definition.config, { value: properties, placeOf, placeOfKey: placeOf }, path).diagnostics,
    );
    planned.push({ definition, request, properties });
  }
  throwIfAny(diagnostics);
  return planned;
}

/** Defaults of the device's class, as far as the device knows the property. */
function defaultsFor(definition: DeviceDefinition, plan: MachinePlan): Record<string, unknown> {
  return Object.fromEntries(
    plan.deviceDefaults
      .filter((each) => each.class === definition.class && each.property in definition.config.shape)
      .map(({ property, value }) => [property, value]),
  );
}
