import { setImmediate as turn } from "node:timers/promises";
import { PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import type { InputStream } from "../invocation.ts";
import { ByteQueue } from "./byte-queue.ts";
import { type EscapeCommand, EscapeKeys } from "./escape-keys.ts";
import { StdioPort } from "./stdio-port.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const answer = (line: string): Promise<string> => Promise.resolve(`obeyed ${line}`);
const text = (given: Uint8Array): string => Buffer.from(given).toString("latin1");

test("Ctrl-A and a key are taken out, whole or in two pieces; Ctrl-A twice is one", () => {
  const commands: EscapeCommand[] = [];
  const keys = new EscapeKeys((command) => commands.push(command));
  const seen: string[] = [];
  const type = (typed: string) => keys.filter(bytes(typed), (kept) => seen.push(text(kept)));
  for (const typed of ["a\x01hb", "c\x01", "xd", "\x01\x01\x01c\x01z"]) type(typed);
  expect(seen).toEqual(["a", "b", "c", "d", "\x01", "z"]);
  expect(commands).toEqual(["help", "quit", "monitor"]);
});

test("a queue gives bytes in order, across pieces", () => {
  const queue = new ByteQueue();
  for (const piece of ["abc", "", "de", "f"]) queue.push(bytes(piece));
  expect(queue.length).toBe(6);
  expect(text(queue.take(2))).toBe("ab");
  expect(text(queue.take(3))).toBe("cde");
  expect(text(queue.take(9))).toBe("f");
  expect(queue.take(1)).toHaveLength(0);
});

interface Setup {
  readonly stdin: PassThrough & InputStream;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly port: StdioPort;
  readonly quits: string[];
  readonly modes: boolean[];
}

function setUp({ terminal = false, escapes = true } = {}): Setup {
  const modes: boolean[] = [];
  const stdin: PassThrough & InputStream = Object.assign(new PassThrough(), {
    isTTY: terminal,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  const stdout = new PassThrough({ highWaterMark: 16 });
  const stderr = new PassThrough();
  const quits: string[] = [];
  const port = new StdioPort(
    { stdin, stdout, stderr },
    { escapes, onQuit: (by) => quits.push(by), monitor: answer },
  );
  port.open();
  return { stdin, stdout, stderr, port, quits, modes };
}

test("a terminal is raw while the machine runs, and is put back", () => {
  const { port, modes } = setUp({ terminal: true });
  expect(port.interactive).toBe(true);
  port.close();
  expect(modes).toEqual([true, false]);
});

test("a pipe is left as it is, and its end is not the end of the machine", async () => {
  const { stdin, port, modes, quits } = setUp();
  let calls = 0;
  port.onInput(() => (calls += 1));
  stdin.end("poweroff\n");
  await turn();
  expect(calls).toBe(1);
  expect(text(port.read(4))).toBe("powe");
  expect(port.waiting).toBe(5);
  await turn();
  expect(text(port.read(99))).toBe("roff\n");
  expect([modes, quits]).toEqual([[], []]);
  port.close();
});

test("input that came before anybody listened is told at once", async () => {
  const { stdin, port } = setUp();
  stdin.write("x");
  await turn();
  let told = false;
  port.onInput(() => (told = true));
  expect(told).toBe(true);
  port.close();
});

test("a guest that does not read makes the host stop reading, until it has", async () => {
  const { stdin, port } = setUp();
  stdin.write(Buffer.alloc(65_537));
  await turn();
  expect(stdin.isPaused()).toBe(true);
  port.read(10_000);
  expect(stdin.isPaused()).toBe(true);
  port.read(40_000);
  expect(stdin.isPaused()).toBe(false);
  port.close();
});

test("Ctrl-A x quits, Ctrl-A h lists the keys", async () => {
  const { stdin, stderr, port, quits } = setUp();
  stdin.write("\x01h\x01x");
  await turn();
  expect(quits).toEqual(["user"]);
  expect(String(stderr.read())).toContain("Ctrl-A x    quit");
  port.close();
});

test("without the multiplexer Ctrl-A is the guest's, and Ctrl-C at a terminal ends the run", async () => {
  const { stdin, port, quits } = setUp({ terminal: true, escapes: false });
  stdin.write("\x01x");
  await turn();
  expect(text(port.read(9))).toBe("\x01x");
  stdin.write("\x03");
  await turn();
  expect(quits).toEqual(["SIGINT"]);
  port.close();
});

test("a slow reader of the output is told by write, and drained waits for it", async () => {
  const { stdout, port } = setUp();
  expect(port.write(bytes("0123456789abcdefghij"))).toBe(false);
  let drained = false;
  const waiting = port.drained().then(() => (drained = true));
  await turn();
  expect(drained).toBe(false);
  expect(String(stdout.read())).toBe("0123456789abcdefghij");
  await waiting;
  await port.drained();
  port.close();
});

test("a line that the guest left open is ended when the machine ends", async () => {
  const { stdout, port } = setUp();
  const seen: string[] = [];
  stdout.on("data", (chunk) => seen.push(String(chunk)));
  port.write(bytes("# "));
  port.close();
  port.close();
  await turn();
  expect(seen.join("")).toBe("# \n");
});

test("output that nobody reads any more ends the run, once", async () => {
  const quits: string[] = [];
  const stdout = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error("broken pipe"), { code: "EPIPE" }));
    },
  });
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough() };
  const port = new StdioPort(streams, { escapes: true, onQuit: (by) => quits.push(by), monitor: answer });
  port.open();
  port.write(bytes("x"));
  await turn();
  port.write(bytes("y"));
  await port.drained();
  expect(quits).toEqual(["SIGPIPE"]);
  port.close();
});

test("Ctrl-A c goes to the monitor and back: what is typed there is not the guest's", async () => {
  const { stdin, stderr, port } = setUp({ terminal: true });
  let said = "";
  stderr.setEncoding("latin1").on("data", (piece: string) => (said += piece));
  stdin.write("ab\x01cinfp\x7fo\r\x01ccd");
  await turn();
  await turn();
  expect(text(port.read(99))).toBe("abcd");
  expect(said).toContain("infp\b \bo\r\n");
  expect(said).toContain("obeyed info\r\n(lockframe) ");
});
