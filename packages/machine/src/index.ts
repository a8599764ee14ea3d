/** Assembles one machine: plan, DI container, hooks, life cycle, run loop. */
export * from "./api.ts";
export { createHooks, type FacilitiesObserver, type Hooks } from "./hooks.ts";
export type { PlannedDevice } from "./plan/devices.ts";
export { type PlanChange, type PlannedMachine, planMachine } from "./plan/plan-machine.ts";
export { createMachine } from "./create-machine.ts";
export { implementedFacilities } from "./implemented-facilities.ts";
