/** For tests of plugins: what a device must be, benches to drive it, capabilities that do the same every time. */
export { ChannelBench, type InterruptionResponse } from "@lockframe/channel-subsystem/testing";
export { bytes, type DriverQueue, VirtioBench, virtioCommand } from "@lockframe/virtio/testing";
export { describeDevice, type DeviceUnderTest } from "./describe-device.ts";
export * from "./fake-capabilities.ts";
export { FakeFolders, MemoryEntry } from "./memory-folder.ts";
