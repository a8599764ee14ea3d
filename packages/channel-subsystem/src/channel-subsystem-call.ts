import { completed, operandException, type IoOutcome } from "./outcome.ts";

/** What CHANNEL SUBSYSTEM CALL reaches in the channel subsystem. */
export interface CallTarget {
  /** Channel paths that are installed, by identifier. */
  readonly paths: readonly ChannelPath[];
  /** Let the program use subchannel sets 1 to 3. */
  enableMultipleSubchannelSets(): void;
}

export interface ChannelPath {
  /** Channel-path identifier. */
  readonly id: number;
  /** Channel-path type: 0x1b is FICON, 0x32 is virtual. */
  readonly type: number;
}

const PAGE = 4096;
const SHORTEST_REQUEST = 16;
const LONGEST_REQUEST = PAGE - 8;
/** A response block: {length 2, response code 2, 4 more}, then data. */
const RESPONSE_HEADER = 8;

const command = {
  storeChannelPathDescription: 0x0002,
  storeEventInformation: 0x000e,
  storeCharacteristics: 0x0010,
  setDomainAttributes: 0x0031,
} as const;

const response = {
  completed: 0x0001,
  invalidBlock: 0x0003,
  unsupportedCommand: 0x0004,
  noInformation: 0x0005,
  invalidFormat: 0x0007,
  invalidCss: 0x0008,
  facilityNotProvided: 0x0101,
} as const;

interface Response {
  readonly code: number;
  /** Word behind the response code. */
  readonly word?: number;
  readonly data?: Uint8Array;
}

/**
 * CHANNEL SUBSYSTEM CALL (B25F).
 * @param page copy of the command block, the page that the operand names
 * @returns as data the response block, to be stored right behind the request, whose length is the first halfword of
 *   the page. Sources: Linux drivers/s390/cio/chsc.c, QEMU target/s390x/ioinst.c.
 */
export function channelSubsystemCall(page: Uint8Array, target: CallTarget): IoOutcome {
  const request = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const length = page.length < SHORTEST_REQUEST ? 0 : request.getUint16(0);
  if (length < SHORTEST_REQUEST || length > LONGEST_REQUEST || length % 8 !== 0) return operandException;
  const answer = answers[request.getUint16(2)]?.(request, target) ?? { code: response.unsupportedCommand };
  const data = answer.data ?? new Uint8Array();
  const block = new Uint8Array(RESPONSE_HEADER + data.length);
  const view = new DataView(block.buffer);
  view.setUint16(0, block.length);
  view.setUint16(2, answer.code);
  view.setUint32(4, answer.word ?? 0);
  block.set(data, RESPONSE_HEADER);
  return completed(0, block.subarray(0, PAGE - length));
}

const answers: Readonly<Record<number, (request: DataView, target: CallTarget) => Response>> = {
  [command.storeChannelPathDescription]: storeChannelPathDescription,
  [command.storeEventInformation]: () => ({ code: response.noInformation }),
  [command.storeCharacteristics]: storeCharacteristics,
  [command.setDomainAttributes]: setDomainAttributes,
};

/** 0010: general and CHSC characteristics, a bit for each facility and command. */
function storeCharacteristics(request: DataView): Response {
  const word = request.getUint32(4);
  if (request.getUint16(0) !== 0x10) return { code: response.invalidBlock };
  if ((word & 0x000f0000) !== 0) return { code: response.invalidFormat };
  if ((word & 0x0000ff00) !== 0) return { code: response.invalidCss };
  if ((word & 0xdff000ff) !== 0 || request.getUint32(8) !== 0 || request.getUint32(12) !== 0) {
    return { code: response.invalidBlock };
  }
  const data = new Uint8Array((510 + 508) * 4);
  for (const bit of [GENERAL_FORMAT_1_PATHS, GENERAL_EXTENDED_MEASUREMENT_BLOCK]) setBit(data, 0, bit);
  for (const bit of [CALL_PATH_DESCRIPTION, CALL_DOMAIN_ATTRIBUTES]) setBit(data, 510 * 4, bit);
  return { code: response.completed, data };
}

/** General characteristics: channel-path descriptions of format 1, measurement blocks of format 1. */
const GENERAL_FORMAT_1_PATHS = 46;
const GENERAL_EXTENDED_MEASUREMENT_BLOCK = 48;
/** CHSC characteristics, as QEMU sets them for the commands that it has in common with this. */
const CALL_PATH_DESCRIPTION = 1;
const CALL_DOMAIN_ATTRIBUTES = 109;

function setBit(bytes: Uint8Array, at: number, bit: number): void {
  const index = at + (bit >> 3);
  bytes[index] = (bytes[index] ?? 0) | (0x80 >> (bit & 7));
}

/** 0002: descriptions of the channel paths in a range, in one of two lengths. */
function storeChannelPathDescription(request: DataView, { paths }: CallTarget): Response {
  const first = request.getUint32(4);
  const last = request.getUint32(8);
  const responseFormat = (first & 0x00000f00) >> 8;
  const word = responseFormat <= 1 ? Number((first & 0x10000000) !== 0) : responseFormat;
  const refuse = (code: number): Response => ({ code, word });
  const invalid = (first & 0xc000f000) !== 0 || (last & 0xffffff00) !== 0 || request.getUint32(12) !== 0;
  if (request.getUint16(0) !== 0x10 || invalid) return refuse(response.invalidBlock);
  if ((first & 0x0f000000) !== 0) return refuse(response.invalidFormat);
  if ((first & 0x00ff0000) !== 0) return refuse(response.invalidCss);
  if ((last & 0xff) < (first & 0xff)) return refuse(response.invalidBlock);
  const wanted = paths.filter(({ id }) => id >= (first & 0xff) && id <= (last & 0xff));
  const length = pathDescriptionLength[word] ?? 0;
  const data = new Uint8Array(wanted.length * length);
  if (length > 0) {
    const view = new DataView(data.buffer);
    for (const [index, { id, type }] of wanted.entries())
      view.setUint32(index * length, PATH_VALID | (type << 8) | id);
  }
  return { code: response.completed, word, data };
}

const PATH_VALID = 0x80000000;
/** Bytes of a description by response format. */
const pathDescriptionLength: Readonly<Record<number, number>> = { 0: 8, 1: 32 };

/** 0031: enable facilities of the channel subsystem. */
function setDomainAttributes(request: DataView, target: CallTarget): Response {
  const word = request.getUint32(4);
  if (request.getUint16(0) !== 0x400 || (word & 0xf0ff0000) !== 0) return { code: response.invalidBlock };
  if ((word & 0x0f000000) !== 0) return { code: response.invalidFormat };
  const multipleChannelSubsystems = 0;
  const multipleSubchannelSets = 2;
  switch (word & 0xffff) {
    case multipleChannelSubsystems: // there is one channel subsystem
      return { code: response.facilityNotProvided };
    case multipleSubchannelSets:
      target.enableMultipleSubchannelSets();
      return { code: response.completed };
    default:
      return { code: response.invalidBlock };
  }
}
