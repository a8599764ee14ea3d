import { programInterruption, type ProgramInterruptionCode } from "@lockframe/architecture";
import { Sccb } from "./sccb.ts";

/** Where a service call finds its control block, as the CPU knows it. */
export interface ServiceCallOperand {
  /** Absolute address of the control block, as in the second-operand register. */
  readonly address: bigint;
  /** Prefix of the CPU. */
  readonly prefix: number;
  /** Storage in bytes. */
  readonly storageSize: number;
  readonly problemState: boolean;
}

const ASSIGNED_STORAGE = 8192n; // the two pages of assigned storage locations
const ADDRESSABLE = 0x7ffffff8n; // below 2 GiB on a doubleword boundary

/**
 * The exception that SERVICE CALL (B220) recognises for the address of its control block, if any.
 * The machine then copies the header, and asks {@link headerException} before it copies the rest.
 */
export function addressException(operand: ServiceCallOperand): ProgramInterruptionCode | undefined {
  if (operand.problemState) return programInterruption.privilegedOperation;
  const page = operand.address & ~(ASSIGNED_STORAGE - 1n);
  if ((operand.address & ~ADDRESSABLE) !== 0n || page === 0n || page === BigInt(operand.prefix)) {
    return programInterruption.specification;
  }
  if (operand.address + BigInt(Sccb.HEADER) > BigInt(operand.storageSize))
    return programInterruption.addressing;
  return undefined;
}

/** The exception that SERVICE CALL recognises for the header of its control block, if any. */
export function headerException(header: Uint8Array): ProgramInterruptionCode | undefined {
  const stated = new Sccb(header).length;
  return stated < Sccb.HEADER ? programInterruption.specification : undefined;
}
