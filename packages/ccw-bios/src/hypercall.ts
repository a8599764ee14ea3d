import { resume, specification, type DiagnoseContext, type DiagnoseHandler } from "./diagnose.ts";

/** What the functions of a hypervisor need of its machine. */
export interface HypercallPorts {
  /** Storage in bytes. */
  readonly storageSize: number;
  /**
   * Notify a virtio device of a queue.
   * @param subchannel subsystem-identification word
   * @param data queue number, in the rightmost halfword
   * @param cookie what this call returned for the queue before, or what the program made up
   * @returns cookie, or a negative error; -22 (EINVAL) for no such subchannel or queue
   */
  notifyVirtio?(subchannel: bigint, data: bigint, cookie: bigint): bigint;
}

const EINVAL = 22n;
const VIRTIO_NOTIFY = 0n; // of virtio without channel I/O; Linux used it to print early
const VIRTIO_CCW_NOTIFY = 3n;
const STORAGE_LIMIT = 4n;

/** Storage that pages can be taken from. */
export interface ReleasableStorage {
  readonly pageCount: number;
  /** Make pages zero. */
  clearPages(first: number, count: number): void;
}

const PAGE_SIZE = 0x1000n;
/** The prefix area at its place after a reset is not to be released. */
const FIRST_RELEASABLE = 2n * PAGE_SIZE;
const PREFIX_PAGES = 2;

/**
 * DIAGNOSE 10: release pages, from the one whose address is in R1 to the one whose address is in R3. Their content is
 * gone; those of the CPU's prefix area stay. A protected guest's pages are not the host's to take: nothing happens.
 * Source: Linux arch/s390/kvm/diag.c.
 */
export function releasePages(storage: ReleasableStorage): DiagnoseHandler {
  return ({ r1, r3, gr, prefix, protectedGuest }) => {
    const [first, last] = [gr(r1), gr(r3)];
    const isRange = first >= FIRST_RELEASABLE && last >= first;
    if (!isRange || first % PAGE_SIZE !== 0n || last % PAGE_SIZE !== 0n) return specification;
    if (protectedGuest) return resume();
    const end = Number(last / PAGE_SIZE) + 1;
    const prefixPage = prefix / Number(PAGE_SIZE);
    for (let page = Number(first / PAGE_SIZE); page < Math.min(end, storage.pageCount); page++)
      if (page < prefixPage || page >= prefixPage + PREFIX_PAGES) storage.clearPages(page, 1);
    return resume();
  };
}

/** DIAGNOSE 44: voluntary time-slice end. */
export const timeSliceEnd: DiagnoseHandler = () => ({ kind: "yield", to: undefined });

/** DIAGNOSE 9C: voluntary time-slice yield, to the CPU whose address is in R1. */
export const timeSliceYield: DiagnoseHandler = ({ r1, gr }) => ({
  kind: "yield",
  to: Number(BigInt.asUintN(16, gr(r1))),
});

/** DIAGNOSE 500: functions of KVM. GR1 has the subcode, GR2 on takes operands, GR2 the result. */
export function kvmHypercall(ports: HypercallPorts): DiagnoseHandler {
  return ({ gr }: DiagnoseContext) => {
    switch (gr(1)) {
      case VIRTIO_NOTIFY:
        return resume({ 2: gr(2) < BigInt(ports.storageSize) ? 0n : BigInt.asUintN(64, -EINVAL) });
      case VIRTIO_CCW_NOTIFY:
        return resume({ 2: BigInt.asUintN(64, ports.notifyVirtio?.(gr(2), gr(3), gr(4)) ?? -EINVAL) });
      case STORAGE_LIMIT:
        return resume({ 2: BigInt(ports.storageSize) - 1n });
      default:
        return specification;
    }
  };
}
