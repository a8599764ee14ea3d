/** What the test of a plugin needs: a plan to hand to its taps, and a way to run them. */
import type { Tap } from "./hooks.ts";
import type { DeviceRequest, MachinePlan } from "./plan.ts";

/** A plain z16 with one CPU, without facilities or devices. */
export const examplePlan: MachinePlan = {
  name: "example",
  uuid: undefined,
  cpu: { model: "gen16a", generation: 16, count: 1, maxCount: 1, engine: "interpreter" },
  facilities: new Set(),
  storage: { size: 512 * 2 ** 20, backing: "anonymous", mergeable: true },
  devices: [],
  deviceDefaults: [],
  protection: { requested: false, xray: false, vetoes: [] },
  onReboot: "reboot",
};

/** The same plan as a machine that must be able to become a protected one. */
export const protectedPlan: MachinePlan = {
  ...examplePlan,
  facilities: new Set(["unpack"]),
  protection: { ...examplePlan.protection, requested: true },
};

/** A device as a user would ask for it. */
export function request(type: string, properties: Readonly<Record<string, unknown>> = {}): DeviceRequest {
  return { type, id: undefined, at: undefined, properties };
}

/** Call a tap as its hook would. @throws TypeError when the plugin does not tap it */
export function callTap<Context, Result>(
  tap: Tap<(context: Context) => Result> | undefined,
  context: Context,
): Result {
  if (tap === undefined) throw new TypeError("the plugin does not tap this hook");
  return typeof tap === "function" ? tap(context) : tap.run(context);
}
