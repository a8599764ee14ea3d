import type { Socket } from "node:net";
import type { Frame, FrameAbilities } from "@lockframe/plugin-api";
import type { FrameSource } from "../outbox.ts";
import { SendBuffer } from "./send-buffer.ts";
import { distance, flag, type Segment, segmentHeader, spanOf } from "./segment.ts";

/** What a connection needs of its network. */
export interface ConnectionPorts {
  readonly abilities: FrameAbilities;
  /** A frame to the guest's end; undefined: its hardware address is not known yet. */
  frame(header: Uint8Array, payload: readonly Uint8Array[], segmentSize?: number): Frame | undefined;
  /** There is something to say: `next` is to be called when there is room. */
  ready(): void;
  /** `acknowledge` is to be called when the guest has had its say. */
  acknowledgeLater(): void;
  post(frame: Frame): void;
  /** Bytes that may wait in either direction. */
  buffer(): number;
  now(): number;
  /** The guest's side is over; the socket may still have something to write. */
  ended(): void;
  /** The host's side could not be reached, for a reason that the guest is not told by a reset. */
  unreachable(code: string): void;
}

export interface Ends {
  readonly guestPort: number;
  readonly peerPort: number;
}

/**
 * - `connecting`: the guest called; the host's socket is not connected yet.
 * - `answering`: it is, and the guest has not acknowledged that.
 * - `calling`: the host called, and the guest has not answered.
 */
type Phase = "connecting" | "answering" | "calling" | "open" | "over";

const SCALE = 7;
const FIRST_TIMEOUT_MS = 1000;
const LONGEST_TIMEOUT_MS = 30_000;
const MOST_TRIES = 12;
const DUPLICATES = 3;
/** Of its buffer, what a guest may send until it is answered in the middle of its turn. */
const UNANSWERED_SHARE = 1 / 4;
const LARGEST_PACKET = 65_535;
const HEADERS = 40;
const DEFAULT_SEGMENT = 536;
const unreachableCodes = ["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN"];

/**
 * A TCP connection of the guest, ended here and carried on by a socket of the host. What the guest sends is
 * acknowledged once the socket has it and the guest had its turn, and what comes from the host is read only as fast as
 * the guest takes it. The link loses nothing, so there is no congestion control; a guest may still drop what it has no
 * room for, so what it does not acknowledge is sent again.
 */
export class Connection implements FrameSource {
  readonly #ends: Ends;
  readonly #socket: Socket;
  readonly #ports: ConnectionPorts;
  #phase: Phase;
  readonly #outgoing = new SendBuffer();
  /** First sequence number that the guest has not acknowledged, next to send, and the highest so far. */
  #unacknowledged: number;
  #next: number;
  #highest: number;
  #guestWindow = 0;
  #guestScale = 0;
  #segmentSize = DEFAULT_SEGMENT;
  #duplicates = 0;
  /** The host has ended its side: a FIN follows the bytes. */
  #hostEnded = false;
  #finAcknowledged = false;
  /** Next sequence number of the guest, and the end of what it was told that it may send. */
  #expected = 0;
  #edge = 0;
  /** Up to where it was acknowledged. */
  #acknowledged = 0;
  #scale = 0;
  #guestEnded = false;
  #acknowledge = false;
  #probe = false;
  #since: number;
  #timeout = FIRST_TIMEOUT_MS;
  #tries = 0;
  /** When the guest was last heard of. */
  heard: number;

  /**
   * One that the host begins is to be given its turn by the caller.
   * @param first the guest's SYN, or undefined when the host calls
   * @param initial the first sequence number
   */
  constructor(
    ends: Ends,
    socket: Socket,
    ports: ConnectionPorts,
    first: Segment | undefined,
    initial: number,
  ) {
    this.#ends = ends;
    this.#socket = socket;
    this.#ports = ports;
    this.#unacknowledged = this.#next = this.#highest = initial >>> 0;
    this.#since = this.heard = ports.now();
    this.#phase = first === undefined ? "calling" : "connecting";
    if (first !== undefined) this.#greet(first);
    this.#listen();
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  // --- the host's side --------------------------------------------------------------------------------

  #listen(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.once("connect", () => {
      if (this.#phase !== "connecting") return;
      this.#phase = "answering";
      this.#ports.ready();
    });
    socket.on("drain", () => this.#say());
    socket.on("end", () => {
      this.#hostEnded = true;
      this.#ports.ready();
    });
    socket.on("error", (error) => this.#failed("code" in error ? String(error.code) : ""));
    socket.once("close", () => {
      if (!this.#hostEnded) this.#failed("");
    });
  }

  #readHost(): void {
    this.#socket.on("data", (bytes: Buffer) => {
      this.#outgoing.push(bytes);
      if (this.#outgoing.length >= this.#ports.buffer()) this.#socket.pause();
      this.#ports.ready();
    });
    this.#socket.resume();
  }

  #failed(code: string): void {
    if (this.#phase === "over") return;
    if (this.#phase === "connecting" && unreachableCodes.includes(code)) this.#ports.unreachable(code);
    this.abort();
  }

  /** End both sides at once. */
  abort(): void {
    if (this.#phase === "over") return;
    const frame = this.#frameOf(flag.reset | flag.acknowledge, this.#next, []);
    if (frame !== undefined && this.#phase !== "calling") this.#ports.post(frame);
    this.#end();
    this.#socket.resetAndDestroy();
  }

  #end(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#outgoing.clear();
    this.#ports.ended();
  }

  // --- from the guest ---------------------------------------------------------------------------------

  receive(segment: Segment): void {
    this.heard = this.#ports.now();
    if ((segment.flags & flag.reset) !== 0) return this.#receiveReset(segment);
    switch (this.#phase) {
      case "connecting":
        return; // it calls again because we are slow
      case "calling":
        return this.#receiveAnswer(segment);
      case "answering":
        if ((segment.flags & flag.syn) !== 0) return this.#sendAgain();
        if (!this.#acknowledgesSyn(segment)) return;
        this.#open();
        break;
      default:
    }
    if (this.#phase !== "open") return;
    if ((segment.flags & flag.syn) !== 0) return this.#say();
    if ((segment.flags & flag.acknowledge) === 0) return;
    this.#receiveAcknowledgement(segment);
    this.#receiveData(segment);
    if (this.#guestEnded && this.#finAcknowledged) this.#end();
  }

  #greet({ sequence, window, largestSegment, windowScale }: Segment): void {
    this.#expected = (sequence + 1) >>> 0;
    this.#edge = this.#expected;
    this.#guestWindow = window; // not scaled in a SYN
    this.#guestScale = windowScale ?? 0;
    this.#scale = windowScale === undefined ? 0 : SCALE;
    this.#segmentSize = Math.max(
      64,
      Math.min(largestSegment ?? DEFAULT_SEGMENT, this.#ports.abilities.mtu - HEADERS),
    );
  }

  #receiveReset({ sequence, acknowledged, flags }: Segment): void {
    const refused = (flags & flag.acknowledge) !== 0 && acknowledged === (this.#unacknowledged + 1) >>> 0;
    const within = distance(this.#expected, sequence) >= 0 && distance(sequence, this.#edge) >= 0;
    if (this.#phase === "calling" ? !refused : !within) return;
    this.#end();
    this.#socket.resetAndDestroy();
  }

  #receiveAnswer(segment: Segment): void {
    const both = flag.syn | flag.acknowledge;
    if ((segment.flags & both) !== both || !this.#acknowledgesSyn(segment)) return;
    this.#greet(segment);
    this.#open();
    this.#say();
  }

  #acknowledgesSyn({ flags, acknowledged }: Segment): boolean {
    const sent = distance(this.#unacknowledged, this.#highest) === 1;
    return sent && (flags & flag.acknowledge) !== 0 && acknowledged === this.#highest;
  }

  #open(): void {
    this.#phase = "open";
    this.#unacknowledged = this.#next = this.#highest;
    this.#tries = 0;
    this.#timeout = FIRST_TIMEOUT_MS;
    this.#readHost();
  }

  #receiveAcknowledgement({ acknowledged, window, payload }: Segment): void {
    const fresh = distance(this.#unacknowledged, acknowledged);
    if (distance(acknowledged, this.#highest) < 0) return this.#say(); // of what was never sent
    const scaled = window << this.#guestScale;
    if (fresh > 0) this.#drop(fresh, acknowledged);
    else if (fresh === 0 && payload.length === 0 && scaled === this.#guestWindow && this.#inFlight > 0) {
      if (++this.#duplicates === DUPLICATES) this.#sendAgain();
    }
    if (fresh >= 0 && scaled !== this.#guestWindow) {
      this.#guestWindow = scaled;
      this.#ports.ready();
    }
  }

  #drop(count: number, acknowledged: number): void {
    this.#finAcknowledged = count > this.#outgoing.length;
    this.#outgoing.drop(count);
    this.#unacknowledged = acknowledged;
    if (distance(this.#next, acknowledged) > 0) this.#next = acknowledged;
    this.#duplicates = 0;
    this.#tries = 0;
    this.#timeout = FIRST_TIMEOUT_MS;
    this.#since = this.#ports.now();
    if (this.#outgoing.length < this.#ports.buffer() / 2 && this.#socket.isPaused()) this.#socket.resume();
    this.#ports.ready();
  }

  #receiveData(segment: Segment): void {
    const { sequence, payload, flags } = segment;
    if (spanOf(segment) === 0 && sequence === this.#expected) return;
    const known = distance(sequence, this.#expected);
    if (this.#guestEnded || known < 0 || known > payload.length) return this.#say(); // not in order, or nothing new
    const room = distance(this.#expected, this.#edge);
    const fresh = payload.subarray(known, known + Math.max(0, room));
    if (fresh.length > 0) {
      this.#expected = (this.#expected + fresh.length) >>> 0;
      if (this.#socket.writable) this.#socket.write(fresh);
      else return this.abort(); // nobody reads it any more
    }
    const isWhole = known + fresh.length === payload.length;
    if (isWhole && (flags & flag.fin) !== 0) this.#receiveFin();
    else if (isWhole && fresh.length > 0 && this.#unanswered < this.#ports.buffer() * UNANSWERED_SHARE)
      this.#ports.acknowledgeLater();
    else this.#say();
  }

  #receiveFin(): void {
    this.#expected = (this.#expected + 1) >>> 0;
    this.#guestEnded = true;
    this.#socket.end();
    this.#say();
  }

  /** Bytes of the guest that it does not know to have arrived. */
  get #unanswered(): number {
    return distance(this.#acknowledged, this.#expected);
  }

  /**
   * The guest has sent what it could. An answer to each of its segments would cost it an interruption each, and have it
   * send the next bytes of a writer alone, however few they are (RFC 896).
   */
  acknowledge(): void {
    if (this.#phase === "open" && this.#unanswered > 0) this.#say();
  }

  // --- to the guest -----------------------------------------------------------------------------------

  /** Acknowledge, or tell of room. */
  #say(): void {
    this.#acknowledge = true;
    this.#ports.ready();
  }

  get #inFlight(): number {
    return distance(this.#unacknowledged, this.#highest);
  }

  #sendAgain(): void {
    this.#next = this.#unacknowledged;
    this.#ports.ready();
  }

  next(): Frame | undefined {
    switch (this.#phase) {
      case "calling":
        return this.#sendSyn(flag.syn);
      case "answering":
        return this.#sendSyn(flag.syn | flag.acknowledge);
      case "open":
        return this.#sendData() ?? this.#sendFin() ?? this.#sendAcknowledgement();
      default:
        return undefined;
    }
  }

  #sendSyn(flags: number): Frame | undefined {
    if (this.#next !== this.#unacknowledged) return undefined;
    const frame = this.#frameOf(flags, this.#next, []);
    if (frame !== undefined) this.#sent(1);
    return frame;
  }

  #sendData(): Frame | undefined {
    const at = distance(this.#unacknowledged, this.#next);
    const unsent = this.#outgoing.length - at;
    const window = this.#guestWindow - at;
    const count = Math.min(unsent, window, this.#largestPayload);
    if (count <= 0) return undefined;
    const silly = count < unsent && count < this.#segmentSize;
    if (silly && at > 0) return undefined; // the guest will have more room soon
    const flags = flag.acknowledge | (count === unsent ? flag.push : 0);
    const frame = this.#frameOf(flags, this.#next, this.#outgoing.slice(at, count));
    if (frame !== undefined) this.#sent(count);
    return frame;
  }

  #sendFin(): Frame | undefined {
    const isDue = this.#hostEnded && !this.#finAcknowledged;
    if (!isDue || distance(this.#unacknowledged, this.#next) !== this.#outgoing.length) return undefined;
    const frame = this.#frameOf(flag.fin | flag.acknowledge, this.#next, []);
    if (frame !== undefined) this.#sent(1);
    return frame;
  }

  #sendAcknowledgement(): Frame | undefined {
    if (this.#probe) {
      this.#probe = false;
      return this.#frameOf(flag.acknowledge, (this.#unacknowledged - 1) >>> 0, []);
    }
    return this.#acknowledge ? this.#frameOf(flag.acknowledge, this.#next, []) : undefined;
  }

  #sent(count: number): void {
    if (this.#next === this.#unacknowledged) this.#since = this.#ports.now();
    this.#next = (this.#next + count) >>> 0;
    if (distance(this.#highest, this.#next) > 0) this.#highest = this.#next;
  }

  get #largestPayload(): number {
    const size = this.#segmentSize;
    if (!this.#ports.abilities.segments) return size;
    return Math.floor((LARGEST_PACKET - HEADERS) / size) * size;
  }

  #frameOf(flags: number, sequence: number, payload: readonly Uint8Array[]): Frame | undefined {
    const isSyn = (flags & flag.syn) !== 0;
    const answers = (flags & flag.acknowledge) !== 0;
    const window = answers ? this.#openWindow() : 0xffff;
    const header = segmentHeader({
      sourcePort: this.#ends.peerPort,
      destinationPort: this.#ends.guestPort,
      sequence,
      acknowledged: answers ? this.#expected : 0,
      flags,
      window: Math.min(0xffff, isSyn ? window : window >> this.#scale),
      largestSegment: isSyn ? this.#ports.abilities.mtu - HEADERS : undefined,
      windowScale: isSyn && (!answers || this.#scale > 0) ? SCALE : undefined,
    });
    this.#acknowledge = false;
    if (answers) this.#acknowledged = this.#expected;
    return this.#ports.frame(header, payload, this.#segmentSize);
  }

  /** Bytes that the guest may send now. What it was told once stays true. */
  #openWindow(): number {
    const room = Math.max(0, this.#ports.buffer() - this.#socket.writableLength);
    const edge = (this.#expected + room) >>> 0;
    if (distance(this.#edge, edge) > 0) this.#edge = edge;
    return distance(this.#expected, this.#edge);
  }

  /** Look at the clock. */
  tick(now: number): void {
    const waits = this.#inFlight > 0 || this.#phase === "calling" || this.#outgoing.length > 0;
    if (this.#phase === "connecting" || !waits || now - this.#since < this.#timeout) return;
    this.#tries += 1;
    this.#since = now;
    this.#timeout = Math.min(2 * this.#timeout, LONGEST_TIMEOUT_MS);
    if (this.#tries > MOST_TRIES) return this.abort();
    this.#probe = this.#inFlight === 0;
    this.#sendAgain();
  }
}
