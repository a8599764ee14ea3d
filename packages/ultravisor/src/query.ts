/**
 * QUERY ULTRAVISOR INFORMATION. Source of the layout: Linux arch/s390/include/asm/uv.h. What is not implemented
 * is not reported: lengths of donated storage, dump, attestation and secrets are zero.
 */
import { SUPPORTED_PCF } from "./secure-configuration.ts";
import { uvCommands, type UvCommand } from "./uv-commands.ts";

const INSTALLED_CALLS_AT = 0x10;
const MAX_CONFIGURATIONS_AT = 0x7c;
const MAX_STORAGE_ADDRESS_AT = 0x80;
const MAX_CPU_NUMBER_AT = 0x9e;
const HEADER_VERSIONS_AT = 0xb0;
const HEADER_PCF_AT = 0xb8;

/** 64 TiB: Linux lays its kernel out below this limit and expects it above 4 TiB. */
const MAX_STORAGE_ADDRESS = 0x4000_0000_0000n;
/** 248 CPUs is what a one-page SCCB can list. */
const MAX_CPU_NUMBER = 247;
/** Bit 0: version 0x100. */
const HEADER_VERSION_1 = 0x8000_0000_0000_0000n;

/** The whole block, header left zero, for an issuer to whom these commands are installed. */
export function queryInformation(installed: readonly UvCommand[]): Uint8Array {
  const block = new Uint8Array(uvCommands.query.length);
  const view = new DataView(block.buffer);
  for (const { bit } of installed) {
    const at = INSTALLED_CALLS_AT + (bit >> 3);
    view.setUint8(at, view.getUint8(at) | (0x80 >> (bit & 7)));
  }
  view.setUint32(MAX_CONFIGURATIONS_AT, 1);
  view.setBigUint64(MAX_STORAGE_ADDRESS_AT, MAX_STORAGE_ADDRESS);
  view.setUint16(MAX_CPU_NUMBER_AT, MAX_CPU_NUMBER);
  view.setBigUint64(HEADER_VERSIONS_AT, HEADER_VERSION_1);
  view.setBigUint64(HEADER_PCF_AT, SUPPORTED_PCF);
  return block;
}
