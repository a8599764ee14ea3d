import type { CharacterPort } from "@lockframe/plugin-api";
import { expect, test } from "vitest";
import { feedFor } from "./console-input.ts";

function setUp(interactive: boolean) {
  let keys = "";
  const typed: string[] = [];
  const port: CharacterPort = {
    interactive,
    write: () => true,
    drained: () => Promise.resolve(),
    get waiting() {
      return keys.length;
    },
    read(limit) {
      const taken = keys.slice(0, limit);
      keys = keys.slice(limit);
      return Buffer.from(taken);
    },
    onInput: () => undefined,
  };
  const console = {
    room: 100,
    input(bytes: Uint8Array) {
      typed.push(Buffer.from(bytes).toString());
      return bytes.length;
    },
  };
  const feed = feedFor(port, console);
  const type = (text: string): void => {
    keys += text;
    feed.ready();
  };
  return { feed, type, typed };
}

test("what a person types goes in as it comes", () => {
  const { type, typed } = setUp(true);
  type("a");
  type("b\nc");
  expect(typed).toEqual(["a", "b\nc"]);
});

test("what a pipe holds goes in by lines, each when the guest waits", () => {
  const { feed, type, typed } = setUp(false);
  type("one\ntwo\nthr");
  expect(typed).toEqual([]);
  expect([1, 2, 3, 4].map(() => feed.guestIsQuiet())).toEqual([true, true, true, false]);
  expect(typed).toEqual(["one\n", "two\n", "thr"]);
});

test("keys that interrupt do not wait", () => {
  const { feed, type, typed } = setUp(false);
  type("\x03\x1astop\n");
  expect(typed).toEqual(["\x03\x1a"]);
  type("\x03"); // behind a line, it waits for its turn
  feed.guestIsQuiet();
  feed.guestIsQuiet();
  expect(typed).toEqual(["\x03\x1a", "stop\n", "\x03"]);
});
