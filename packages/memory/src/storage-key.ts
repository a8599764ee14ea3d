/**
 * Storage-key byte. Source: z/Architecture Principles of Operation, "Storage Key": access-control bits in
 * bits 0-3, fetch protection in bit 4, reference in bit 5, change in bit 6.
 */
export const StorageKey = {
  accessControl: 0xf0,
  fetchProtection: 0x08,
  reference: 0x04,
  change: 0x02,
  /** Every bit that SET STORAGE KEY EXTENDED stores. */
  all: 0xfe,
} as const;
