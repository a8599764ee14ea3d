const mask = (bit: number): bigint => 1n << BigInt(bit);

/** Feature bits that belong to rings and transports. Source: OASIS virtio 1.2, "Reserved Feature Bits". */
export const feature = {
  indirectDescriptors: mask(28),
  eventIndex: mask(29),
  version1: mask(32),
  accessPlatform: mask(33),
  packedRing: mask(34),
} as const;

/** Status bits of a device. */
export const deviceStatus = {
  acknowledge: 0x01,
  driver: 0x02,
  driverOk: 0x04,
  featuresOk: 0x08,
  needsReset: 0x40,
  failed: 0x80,
} as const;
