/** Return code and reason of an Ultravisor call (UVCB bytes 4-5 and 6-7). */
export interface UvResult {
  readonly rc: number;
  readonly rrc: number;
}

/** Return codes that every call shares. Source: Linux arch/s390/include/asm/uv.h and kvm-unit-tests s390x/uv-*.c. */
export const Rc = {
  executed: 0x0001,
  /** Not installed, or not permitted for this issuer. */
  invalidCommand: 0x0002,
  invalidState: 0x0003,
  invalidLength: 0x0005,
  invalidGuestHandle: 0x0020,
  /** QUERY ULTRAVISOR INFORMATION: the given block holds only a part. */
  moreData: 0x0100,
} as const;

const result = (rc: number, rrc = 0): UvResult => Object.freeze({ rc, rrc });

/**
 * Results of the calls by situation. A published code carries no remark; "ours" marks situations whose code
 * the firmware does not publish.
 */
export const Uv = {
  executed: result(Rc.executed),
  invalidCommand: result(Rc.invalidCommand),
  invalidState: result(Rc.invalidState),
  invalidLength: result(Rc.invalidLength),
  moreData: result(Rc.moreData),

  /** CREATE SECURE CONFIGURATION: guest storage has an owner already. */
  storageInUse: result(0x0104),

  /** SET SECURE CONFIGURATION PARAMETERS: access exception while reading the SE header. */
  headerNotAccessible: result(0x0103),
  /** SET SECURE CONFIGURATION PARAMETERS: a header of no bytes, or of more than two pages. */
  headerLength: result(0x010a, 0x31),

  /** UNPACK IMAGE and CONVERT TO SECURE STORAGE: no such page in the guest's address space. */
  pageNotMapped: result(0x010a),
  /** UNPACK IMAGE, ours: not a page address, or a page that the configuration owns already. */
  pageNotUnpackable: result(0x0105),

  /** VERIFY IMAGE: the image differs from its header. */
  addressListDigest: result(0x0102, 0x1a),
  pageListDigest: result(0x0102, 0x1b),
  tweakListDigest: result(0x0102, 0x1c),
  pageCount: result(0x0102, 0x1d),

  /** SET SHARED ACCESS and REMOVE SHARED ACCESS: no such page. */
  invalidAddress: result(0x0101),

  /** CONVERT TO SECURE STORAGE, ours: the page is not what its guest left there. */
  integrity: result(0x0108),
} as const satisfies Record<string, UvResult>;

/** Condition code 0 only for an executed call; partial completion (2, 3) is never needed here. */
export function conditionCode({ rc }: UvResult): 0 | 1 {
  return rc === Rc.executed ? 0 : 1;
}
