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
