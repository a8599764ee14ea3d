/** Capabilities for tests of devices: real ones of small size, that do the same every time. */
import type {
  Capabilities,
  CharacterPort,
  CharacterPorts,
  Disk,
  Disks,
  DiskSource,
  Entropy,
  Frame,
  FrameAbilities,
  Log,
  MachineControl,
  NetworkPort,
  Networks,
  Timers,
} from "@lockframe/plugin-api";
import { FakeFolders } from "./memory-folder.ts";

/** Remembers what was said. */
export class FakeLog implements Log {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(`debug: ${message}`);
  }
  info(message: string): void {
    this.lines.push(`info: ${message}`);
  }
  warn(message: string): void {
    this.lines.push(`warn: ${message}`);
  }
}

/** Counts instead of throwing dice. */
export class FakeEntropy implements Entropy {
  #next = 1;
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => (this.#next = (this.#next * 7 + 3) & 0xff));
  }
}

/** A disk in memory. */
export class MemoryDisk implements Disk {
  readonly size: number;
  readonly readOnly: boolean;
  readonly bytes: Uint8Array;
  /** Names of what was asked for besides reads and writes, in order. */
  readonly calls: string[] = [];
  /** Set: everything fails with it. */
  failure: Error | undefined;

  constructor(size: number, readOnly = false) {
    this.size = size;
    this.readOnly = readOnly;
    this.bytes = new Uint8Array(size);
  }

  read(offset: number, target: Uint8Array): void {
    this.#check(offset, target.length);
    target.set(this.bytes.subarray(offset, offset + target.length));
  }
  write(offset: number, bytes: Uint8Array): void {
    this.#check(offset, bytes.length);
    if (this.readOnly) throw new Error("the disk is read-only");
    this.bytes.set(bytes, offset);
  }
  writeZeroes(offset: number, length: number, unmap: boolean): void {
    this.#check(offset, length);
    this.calls.push(`zeroes ${offset} ${length} ${unmap}`);
    this.bytes.fill(0, offset, offset + length);
  }
  discard(offset: number, length: number): void {
    this.#check(offset, length);
    this.calls.push(`discard ${offset} ${length}`);
  }
  async flush(): Promise<void> {
    this.calls.push("flush");
    if (this.failure !== undefined) throw this.failure;
  }
  async close(): Promise<void> {
    this.calls.push("close");
  }

  #check(offset: number, length: number): void {
    if (this.failure !== undefined) throw this.failure;
    if (offset < 0 || offset + length > this.size) throw new RangeError("beyond the disk");
  }
}

/** Disks by the name of their file, made when they are opened. */
export class FakeDisks implements Disks {
  readonly opened = new Map<string, MemoryDisk>();
  readonly #size: number;

  constructor(size = 2 ** 20) {
    this.#size = size;
  }

  open({ file, readOnly }: DiskSource): MemoryDisk {
    const disk = new MemoryDisk(this.#size, readOnly);
    this.opened.set(file, disk);
    return disk;
  }
}

/** A terminal whose both ends the test holds. */
export class FakePort implements CharacterPort {
  readonly interactive = false;
  /** What the guest said. */
  output = "";
  #input: number[] = [];
  #listener: () => void = () => undefined;

  /** Type something. */
  type(text: string): void {
    this.#input.push(...Buffer.from(text));
    this.#listener();
  }
  write(bytes: Uint8Array): boolean {
    this.output += Buffer.from(bytes).toString("latin1");
    return true;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  get waiting(): number {
    return this.#input.length;
  }
  read(limit: number): Uint8Array {
    return Uint8Array.from(this.#input.splice(0, limit));
  }
  onInput(listener: () => void): void {
    this.#listener = listener;
  }
}

/** Ports by name, made when they are opened. */
export class FakePorts implements CharacterPorts {
  readonly opened = new Map<string, FakePort>();
  open(name: string): FakePort {
    const port = this.opened.get(name) ?? new FakePort();
    this.opened.set(name, port);
    return port;
  }
}

/** A network whose other end the test holds. */
export class FakeNetwork implements NetworkPort {
  /** Frames that the guest sent. */
  readonly sent: Uint8Array[] = [];
  abilities: FrameAbilities | undefined;
  #frames: Frame[] = [];
  #listener: () => void = () => undefined;

  /** Send frames to the guest. */
  give(...frames: readonly Frame[]): void {
    this.#frames.push(...frames);
    this.#listener();
  }
  /** Frames that the guest has not taken. */
  get waiting(): number {
    return this.#frames.length;
  }
  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }
  receive(): Frame | undefined {
    return this.#frames.shift();
  }
  onFrames(listener: () => void): void {
    this.#listener = listener;
  }
  adapt(abilities: FrameAbilities): void {
    this.abilities = abilities;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Networks in the order in which they were opened. */
export class FakeNetworks implements Networks {
  readonly opened: FakeNetwork[] = [];
  open(): FakeNetwork {
    const network = new FakeNetwork();
    this.opened.push(network);
    return network;
  }
  hardwareAddress(): Uint8Array {
    return Uint8Array.of(2, 0, 0, 0, 0, this.opened.length);
  }
}

/** Remembers what the machine was told to do. */
export class FakeControl implements MachineControl {
  readonly calls: string[] = [];
  /** Whether the guest listens when it is asked to shut down. */
  guestListens = true;

  reset(): void {
    this.calls.push("reset");
  }
  requestShutdown(): boolean {
    this.calls.push("shutdown");
    return this.guestListens;
  }
  end(): void {
    this.calls.push("end");
  }
  pause(): void {
    this.calls.push("pause");
  }
  restart(): void {
    this.calls.push("restart");
  }
}

/** Time that passes when the test says so. */
export class FakeTimers implements Timers {
  #now = 0;
  readonly #pending = new Map<object, { readonly at: number; readonly callback: () => void }>();

  after(milliseconds: number, callback: () => void): () => void {
    const key = {};
    this.#pending.set(key, { at: this.#now + milliseconds, callback });
    return () => void this.#pending.delete(key);
  }
  /** How many are to be called back. */
  get pending(): number {
    return this.#pending.size;
  }
  /** Let time pass, and call back what is due. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    for (const [key, { at, callback }] of new Map(this.#pending)) {
      if (at > this.#now) continue;
      this.#pending.delete(key);
      callback();
    }
  }
}

/** Every capability there is. */
export function fakeCapabilities(): Capabilities {
  return {
    log: new FakeLog(),
    entropy: new FakeEntropy(),
    control: new FakeControl(),
    timers: new FakeTimers(),
    disks: new FakeDisks(),
    networks: new FakeNetworks(),
    folders: new FakeFolders(),
    characterPorts: new FakePorts(),
    consoles: { ascii() {}, lineMode() {} },
  };
}
