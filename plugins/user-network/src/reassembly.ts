/** Packets of the guest that came in fragments: RFC 791, RFC 815. */
import { IP_HEADER, viewOf } from "./packet.ts";

const LARGEST = 65_535;
/** Packets that may be incomplete at once, and for how long. */
const MOST_PARTIAL = 16;
const PATIENCE_MS = 30_000;
const MORE = 0x2000;

interface Partial {
  readonly began: number;
  /** Bytes that are there, by their place. In order: one that leaves a gap spoils the packet. */
  readonly pieces: Uint8Array[];
  length: number;
}

export class Reassembly {
  readonly #partial = new Map<string, Partial>();

  /**
   * A packet that is whole: the one given, or the one that it completes. Fragments must come in order, as they do on a link
   * that loses nothing. Undefined: more have to come.
   */
  whole(packet: Uint8Array, now: number): Uint8Array | undefined {
    if (packet.length < IP_HEADER) return undefined;
    const view = viewOf(packet);
    const place = view.getUint16(6) & 0x3fff;
    if (place === 0) return packet;
    const headerLength = 4 * (view.getUint8(0) & 0xf);
    const end = view.getUint16(2);
    if (headerLength < IP_HEADER || end <= headerLength || end > packet.length) return undefined;
    const offset = 8 * (place & 0x1fff);
    const key = [view.getUint8(9), view.getUint16(4), view.getUint32(12), view.getUint32(16)].join(" ");
    const before =
      offset === 0 ? this.#begin(key, packet.subarray(0, headerLength), now) : this.#partial.get(key);
    if (before === undefined) return undefined;
    const piece = Uint8Array.from(packet.subarray(headerLength, end));
    if (before.length !== offset || offset + piece.length > LARGEST - headerLength) {
      this.#partial.delete(key);
      return undefined;
    }
    before.pieces.push(piece);
    before.length += piece.length;
    if ((place & MORE) !== 0) return undefined;
    this.#partial.delete(key);
    return assembled(before);
  }

  #begin(key: string, header: Uint8Array, now: number): Partial {
    for (const [other, { began }] of this.#partial)
      if (now - began > PATIENCE_MS || this.#partial.size >= MOST_PARTIAL) this.#partial.delete(other);
    const partial = { began: now, pieces: [Uint8Array.from(header)], length: 0 };
    this.#partial.set(key, partial);
    return partial;
  }
}

function assembled({ pieces }: Partial): Uint8Array {
  const whole = Buffer.concat(pieces);
  whole.writeUInt16BE(whole.length, 2);
  whole.writeUInt16BE(0, 6);
  return whole;
}
