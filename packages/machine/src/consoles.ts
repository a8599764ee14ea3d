/** Consoles of the service processor, tied to character devices of the host. */
import { LockframeError } from "@lockframe/architecture";
import { type InputFeed, feedFor } from "./console-input.ts";
import type { CharacterPort, ServiceCallConsoles } from "@lockframe/plugin-api";
import {
  AsciiConsole,
  type ConsoleInput,
  type EventPartner,
  LineConsole,
  SignalQuiesce,
} from "@lockframe/sclp";

const LINE_END = 0x0a;
const ASCII = "ASCII console";

/** A talk with the person at the ASCII console while no guest runs. Keys stay with it until it is closed. */
export interface Dialogue {
  print(text: string): void;
  /** The next key; undefined when none came by `deadline`, in milliseconds of `performance.now()`. */
  key(deadline: number): Promise<number | undefined>;
  close(): void;
}

export class Consoles implements ServiceCallConsoles {
  readonly quiesce = new SignalQuiesce();
  readonly #partners: EventPartner[] = [this.quiesce];
  readonly #feeds: InputFeed[] = [];
  readonly #ports = new Set<CharacterPort>();
  readonly #kinds = new Set<string>();
  /** Ports that are behind: the machine waits for them before it runs on. */
  readonly #behind = new Set<CharacterPort>();
  #onInput: () => void = () => undefined;

  ascii(port: CharacterPort): void {
    this.#add(ASCII, port, (options) => new AsciiConsole(options));
  }
  lineMode(port: CharacterPort): void {
    this.#add(
      "line-mode console",
      port,
      (options) => new LineConsole({ ...options, echo: port.interactive }),
    );
  }

  #add(
    kind: string,
    port: CharacterPort,
    make: (options: { output(bytes: Uint8Array): void; onRoom(): void }) => EventPartner & ConsoleInput,
  ): void {
    if (this.#kinds.has(kind)) {
      throw new LockframeError(
        "LF-MACHINE-010",
        `the machine has one ${kind} already`,
        "Take one of the two devices out.",
      );
    }
    this.#kinds.add(kind);
    const made = make({
      output: (bytes) => {
        this.#lastOutput = performance.now();
        this.#lineIsOpen = bytes.at(-1) !== LINE_END;
        if (!port.write(bytes)) this.#behind.add(port);
      },
      onRoom: () => feed.ready(),
    });
    const feed = feedFor(port, made, () => this.firmwareReads);
    port.onInput(() => {
      if (this.#dialogue === undefined) feed.ready();
      else this.#dialogue.wake();
      this.#onInput();
    });
    if (kind === ASCII) this.#terminal = { port, feed };
    this.#ports.add(port);
    this.#partners.push(made);
    this.#feeds.push(feed);
  }

  /** Boot firmware runs, which takes one key at a time and loses the others. */
  firmwareReads = false;

  /** Talk with the person at the ASCII console; undefined when there is none. */
  dialogue(): Dialogue | undefined {
    if (this.#terminal === undefined) return undefined;
    const { port, feed } = this.#terminal;
    let wake = (): void => undefined;
    this.#dialogue = { wake: () => wake() };
    return {
      print: (text) => void port.write(Buffer.from(text, "latin1")),
      async key(deadline) {
        for (;;) {
          const key = feed.takeKey();
          const left = deadline - performance.now();
          if (key !== undefined || left <= 0) return key;
          await new Promise<void>((resolve) => {
            const timer = left === Infinity ? undefined : setTimeout(resolve, left);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
      },
      close: () => {
        this.#dialogue = undefined;
        feed.ready();
      },
    };
  }
  #terminal: { readonly port: CharacterPort; readonly feed: InputFeed } | undefined;
  #dialogue: { wake(): void } | undefined;

  partners(): readonly EventPartner[] {
    return this.#partners;
  }
  /** Take what was typed before the machine ran. */
  begin(): void {
    if (this.#dialogue === undefined) for (const feed of this.#feeds) feed.ready();
  }
  /** When a console last showed something, by `performance.now()`. */
  get lastOutput(): number {
    return this.#lastOutput;
  }
  #lastOutput = 0;
  /** Whether what a console showed last is an open line, such as a prompt. */
  get lineIsOpen(): boolean {
    return this.#lineIsOpen;
  }
  #lineIsOpen = false;
  /** The guest waits and has been quiet. Returns whether it was given something to do. */
  guestIsQuiet(): boolean {
    return this.#feeds.map((feed) => feed.guestIsQuiet()).includes(true);
  }
  /** Called when input has come in. */
  onInput(listener: () => void): void {
    this.#onInput = listener;
  }
  /** Resolves when every port has caught up; undefined when none is behind. */
  drained(): Promise<unknown> | undefined {
    if (this.#behind.size === 0) return undefined;
    const behind = [...this.#behind];
    this.#behind.clear();
    return Promise.all(behind.map((port) => port.drained()));
  }
  /** Every port has caught up. */
  async flush(): Promise<void> {
    await Promise.all([...this.#ports].map((port) => port.drained()));
  }
}
