import type { OperationRequestBlock } from "./operation-request-block.ts";
import type { IoOutcome } from "./outcome.ts";

/**
 * A subchannel as the I/O instructions reach it. Blocks are copies: the instruction, or the Ultravisor on behalf
 * of a protected guest, moves them from and to storage.
 */
export interface Subchannel {
  /** STORE SUBCHANNEL: the 52 bytes of the subchannel-information block. */
  store(): Uint8Array<ArrayBuffer>;
  /** MODIFY SUBCHANNEL with a valid subchannel-information block. */
  modify(schib: DataView): IoOutcome;
  /** START SUBCHANNEL. */
  start(orb: OperationRequestBlock): IoOutcome;
  /** TEST SUBCHANNEL: the interruption-response block as data. */
  test(): IoOutcome;
  clear(): IoOutcome;
  halt(): IoOutcome;
  resume(): IoOutcome;
  cancel(): IoOutcome;
  /** I/O-system reset. */
  reset(): void;
}

/** Bytes of the blocks that the instructions move. */
export const blockLength = { schib: 52, orb: 32, irb: 64, crw: 4 } as const;
