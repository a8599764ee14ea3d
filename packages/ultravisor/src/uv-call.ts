/**
 * The instruction ULTRAVISOR CALL (0xB9A4) past its operand checks: privilege, M fields and alignment are the
 * CPU's business. Checks go in the order: command known to this issuer, length, access to the whole UVCB, then
 * what the command wants.
 */
import { queryInformation } from "./query.ts";
import { conditionCode, Uv, type UvResult } from "./return-code.ts";
import type { SecureConfiguration } from "./secure-configuration.ts";
import { QUERY_MINIMUM, uvCommands, type Issuer, type UvCommand } from "./uv-commands.ts";

/**
 * The UVCB in its issuer's storage. Accesses follow the rules of an operand access in the current translation
 * mode; what they throw (the CPU's program interruption) goes through.
 */
export interface UvcbAccess {
  fetch(offset: number, length: number): Uint8Array;
  store(offset: number, bytes: Uint8Array): void;
}

interface Call {
  readonly access: UvcbAccess;
  readonly uvcb: DataView;
  readonly length: number;
  readonly configuration: SecureConfiguration | undefined;
}

interface Installed {
  readonly command: UvCommand;
  readonly fitsLength: (length: number) => boolean;
  readonly execute: (call: Call) => UvResult;
}

const HEADER_SIZE = 8;
const RC_AT = 4;
const PAGE_ADDRESS_AT = 0x20;

const exactly = (command: UvCommand) => (length: number) => length === command.length;

const shareCall = (command: UvCommand, operation: "share" | "unshare"): Installed => ({
  command,
  fitsLength: exactly(command),
  execute: ({ configuration, uvcb }) =>
    configuration?.[operation](uvcb.getBigUint64(PAGE_ADDRESS_AT)) ?? Uv.invalidState,
});

const queryCall = (issuer: Issuer): Installed => ({
  command: uvCommands.query,
  fitsLength: (length) => length >= QUERY_MINIMUM,
  execute: ({ access, length }) => {
    const block = queryInformation(installed[issuer].map(({ command }) => command));
    access.store(HEADER_SIZE, block.subarray(HEADER_SIZE, length));
    return length < block.length ? Uv.moreData : Uv.executed;
  },
});

/** What each issuer may call. All else is answered as an invalid command and missing in the query. */
const installed: Readonly<Record<Issuer, readonly Installed[]>> = {
  host: [queryCall("host")],
  guest: [
    queryCall("guest"),
    shareCall(uvCommands.setShared, "share"),
    shareCall(uvCommands.removeShared, "unshare"),
  ],
};

/** Execute one call; rc and rrc are stored in the UVCB. @returns condition code */
export function executeUvCall(
  issuer: Issuer,
  access: UvcbAccess,
  configuration: SecureConfiguration | undefined,
): 0 | 1 {
  const header = viewOf(access.fetch(0, HEADER_SIZE));
  const length = header.getUint16(0);
  const result = dispatch(issuer, header.getUint16(2), length, access, configuration);
  const codes = new DataView(new ArrayBuffer(4));
  codes.setUint16(0, result.rc);
  codes.setUint16(2, result.rrc);
  access.store(RC_AT, new Uint8Array(codes.buffer));
  return conditionCode(result);
}

function dispatch(
  issuer: Issuer,
  command: number,
  length: number,
  access: UvcbAccess,
  configuration: SecureConfiguration | undefined,
): UvResult {
  const call = installed[issuer].find((row) => row.command.command === command);
  if (call === undefined) return Uv.invalidCommand;
  if (!call.fitsLength(length)) return Uv.invalidLength;
  const uvcb = access.fetch(0, length);
  access.store(RC_AT, uvcb.slice(RC_AT, HEADER_SIZE)); // store access is tested before anything changes
  return call.execute({ access, uvcb: viewOf(uvcb), length, configuration });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
