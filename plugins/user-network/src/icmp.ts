/** ICMP: RFC 792. The network answers for itself; echoes from beyond it would need privileges on the host. */
import { checksum, type Packet, viewOf } from "./packet.ts";

export const unreachable = { net: 0, host: 1, port: 3, prohibited: 13 } as const;
const ECHO = 8;

/** What an echo request is answered with; undefined: it is none. */
export function echoReply({ payload }: Packet): Uint8Array | undefined {
  if (payload.length < 8 || payload[0] !== ECHO) return undefined;
  const reply = Uint8Array.from(payload);
  reply[0] = 0;
  return withChecksum(reply);
}

/** "Destination unreachable" for a packet. */
export function unreachableMessage({ quote }: Packet, code: number): Uint8Array {
  const message = new Uint8Array(8 + quote.length);
  message[0] = 3;
  message[1] = code;
  message.set(quote, 8);
  return withChecksum(message);
}

function withChecksum(message: Uint8Array): Uint8Array {
  const view = viewOf(message);
  view.setUint16(2, 0);
  view.setUint16(2, checksum([message]));
  return message;
}
