/**
 * The contract between a machine and its plugins, and the only package that a plugin imports.
 *
 * A plugin is a plain object made by `definePlugin`. It contributes facilities and devices, and it may tap hooks. A
 * device asks for capabilities by name and is given exactly those; neither sees the machine.
 */
export { type FacilityName, LockframeError } from "@lockframe/architecture";
export {
  type CommandHandler,
  commandReject,
  type DeviceLine,
  end,
  type Ending,
  senseBit,
  type SenseId,
  status,
  type Transfer,
  unitCheck,
  type UnitStatus,
} from "@lockframe/channel-subsystem";
export type {
  ConfigurationField,
  VirtioFunction,
  VirtioLine,
  VirtioRequest,
  Virtqueue,
} from "@lockframe/virtio";
export { z } from "zod";
export * from "./boot-medium.ts";
export * from "./capabilities.ts";
export * from "./channel-device.ts";
export * from "./character-port.ts";
export {
  type DefinitionParts,
  device,
  type Device,
  type DeviceClass,
  type DeviceContext,
  type DeviceDefinition,
  type DiagnoseCall,
  type DiagnoseFunction,
  type Restored,
} from "./device.ts";
export * from "./disk.ts";
export * from "./folder.ts";
export * from "./hooks.ts";
export * from "./network.ts";
export * from "./plan.ts";
export * from "./plugin.ts";
export * from "./refuse.ts";
export * from "./stop.ts";
export * from "./virtio-device.ts";
