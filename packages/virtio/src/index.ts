/** virtio-ccw transport, virtqueues, and what a virtio device is to them. */
export { deviceStatus, feature } from "./feature-bits.ts";
export { type TransportOptions, VirtioCcw, type VirtioCcwPorts } from "./virtio-ccw.ts";
export type {
  ConfigurationField,
  VirtioFunction,
  VirtioLine,
  VirtioRequest,
  Virtqueue,
} from "./virtio-function.ts";
