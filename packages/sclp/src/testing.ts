/** Control blocks as a program lays them out, for the tests of this package. */
import type { ServiceProcessor } from "./service-processor.ts";

/** A control block of `length` bytes with `data` behind its header. */
export function sccb(
  length: number,
  header: { functionCode?: number; variable?: boolean; stated?: number } = {},
  data: ArrayLike<number> = [],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, header.stated ?? length);
  view.setUint8(2, header.functionCode ?? 0);
  view.setUint8(5, header.variable === true ? 0x80 : 0);
  bytes.set(data, 8);
  return bytes;
}

/** An event buffer. */
export function event(type: number, data: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(6 + data.length);
  new DataView(bytes.buffer).setUint16(0, bytes.length);
  bytes[2] = type;
  bytes.set(data, 6);
  return bytes;
}

/** Outcome of a service call, its response code picked out. */
export function call(
  processor: ServiceProcessor,
  command: number,
  block: Uint8Array,
  address = 0x11000,
): { response: number; view: DataView; bytes: Uint8Array; signal: number } {
  const result = processor.serviceCall(command, block, address);
  const view = new DataView(result.sccb.buffer);
  return { response: view.getUint16(6), view, bytes: result.sccb, signal: result.signal };
}

/** Write Event Mask with masks of 8 bytes, as Linux issues it; the page-long block that comes back. */
export function setMasks(
  processor: ServiceProcessor,
  receive: number,
  send: number,
): ReturnType<typeof call> {
  const block = sccb(4096);
  const view = new DataView(block.buffer);
  view.setUint16(10, 8);
  view.setUint32(12, receive);
  view.setUint32(20, send);
  return call(processor, 0x00780005, block);
}
