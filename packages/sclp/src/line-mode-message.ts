import { decodeEbcdic, encodeEbcdic } from "@lockframe/architecture";
import { EVENT_ACCEPTED, EVENT_HEADER, eventType } from "./event-facility.ts";

/** Message data block in an event buffer: {length 2, type 2, tag 4 "MDB ", revision 4}, then objects. */
const MDB_HEADER = 12;
/** Object of a message data block: {length 2, type 2, ...}. */
const OBJECT_HEADER = 4;
const MESSAGE_TEXT_OBJECT = 4;
/** Message text object: {length 2, type 2, line type flags 2, alarm control 1, reserved 3, text}. */
const MESSAGE_TEXT_HEADER = 10;

/** GDS vectors and subvectors that wrap an operator command. */
const MDS_MESSAGE_UNIT = 0x1310;
const CP_MESSAGE_UNIT = 0x1212;
const TEXT_COMMAND = 0x1320;
const SELF_DEFINING_TEXT = 0x31;
const TEXT = 0x30;
const VECTOR_HEADER = 4;
const SUBVECTOR_HEADER = 2;

/** Longest text of an operator command: the length of its subvectors is one byte. */
export const LONGEST_COMMAND = 255 - 2 * SUBVECTOR_HEADER;

/**
 * Lines of a message event (type 2 or 9), in EBCDIC inside a message data block.
 * @returns undefined when the lengths in it contradict each other
 */
export function messageLines(event: Uint8Array): string[] | undefined {
  const view = new DataView(event.buffer, event.byteOffset, event.byteLength);
  if (event.length < EVENT_HEADER + MDB_HEADER) return undefined;
  const end = EVENT_HEADER + view.getUint16(EVENT_HEADER);
  if (end < EVENT_HEADER + MDB_HEADER || end > event.length) return undefined;
  const lines: string[] = [];
  let at = EVENT_HEADER + MDB_HEADER;
  while (at < end) {
    if (end - at < OBJECT_HEADER) return undefined;
    const length = view.getUint16(at);
    if (length < OBJECT_HEADER || length > end - at) return undefined;
    if (view.getUint16(at + 2) === MESSAGE_TEXT_OBJECT) {
      if (length < MESSAGE_TEXT_HEADER) return undefined;
      lines.push(printable(event.subarray(at + MESSAGE_TEXT_HEADER, at + length)));
    }
    at += length;
  }
  return lines;
}

/** Operator command (event type 1) with a text of at most {@link LONGEST_COMMAND} characters. */
export function operatorCommand(text: string): Uint8Array {
  const characters = encodeEbcdic(text);
  const lengths = {
    event: EVENT_HEADER + 3 * VECTOR_HEADER + 2 * SUBVECTOR_HEADER + characters.length,
    selfDefining: 2 * SUBVECTOR_HEADER + characters.length,
  };
  const event = new Uint8Array(lengths.event);
  const view = new DataView(event.buffer);
  view.setUint16(0, lengths.event);
  view.setUint8(2, eventType.operatorCommand);
  view.setUint8(3, EVENT_ACCEPTED);
  let at = EVENT_HEADER;
  for (const vector of [MDS_MESSAGE_UNIT, CP_MESSAGE_UNIT, TEXT_COMMAND]) {
    view.setUint16(at, lengths.event - at);
    view.setUint16(at + 2, vector);
    at += VECTOR_HEADER;
  }
  view.setUint8(at, lengths.selfDefining);
  view.setUint8(at + 1, SELF_DEFINING_TEXT);
  view.setUint8(at + 2, lengths.selfDefining - SUBVECTOR_HEADER);
  view.setUint8(at + 3, TEXT);
  event.set(characters, at + 4);
  return event;
}

/** Text with line ends (NL or LF of EBCDIC) kept and other control characters shown as a period. */
function printable(characters: Uint8Array): string {
  return (
    decodeEbcdic(characters)
      .replaceAll("\x85", "\n")
      // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
      .replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, ".")
  );
}
