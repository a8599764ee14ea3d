import type { CharacterPort } from "@lockframe/plugin-api";
import { eventType } from "@lockframe/sclp";
import { describe, expect, test } from "vitest";
import { Consoles } from "./consoles.ts";

function setUp(interactive: boolean) {
  let keys = "";
  let shown = "";
  let listener = (): void => undefined;
  const port: CharacterPort = {
    interactive,
    write(bytes) {
      shown += Buffer.from(bytes).toString();
      return true;
    },
    drained: () => Promise.resolve(),
    get waiting() {
      return keys.length;
    },
    read(limit) {
      const taken = keys.slice(0, limit);
      keys = keys.slice(limit);
      return Buffer.from(taken);
    },
    onInput: (given) => (listener = given),
  };
  const consoles = new Consoles();
  consoles.ascii(port);
  const console = consoles.partners().find((partner) => partner.sends.includes(eventType.ascii));
  return {
    consoles,
    shown: () => shown,
    type(text: string): void {
      keys += text;
      listener();
    },
    /** Whether the guest has something to read. */
    guestHas: () => console?.pending,
  };
}

describe("a dialogue", () => {
  test.for([
    ["terminal", true],
    ["pipe", false],
  ] as const)("takes keys one after the other, and the guest none of them: %s", async ([, interactive]) => {
    const { consoles, shown, type, guestHas } = setUp(interactive);
    const dialogue = consoles.dialogue();
    dialogue?.print("choose\r\n");
    const first = dialogue?.key(Infinity);
    type("7\nls\n");
    expect([await first, await dialogue?.key(Infinity)]).toEqual([0x37, 0x0a]);
    expect([shown(), guestHas()]).toEqual(["choose\r\n", false]);
    dialogue?.close();
    if (!interactive) consoles.guestIsQuiet();
    expect(guestHas()).toBe(true);
  });

  test("waits no longer than it is told", async () => {
    const { consoles, type } = setUp(true);
    const dialogue = consoles.dialogue();
    expect(await dialogue?.key(performance.now() + 5)).toBeUndefined();
    expect(await dialogue?.key(0)).toBeUndefined();
    type("x");
    expect(await dialogue?.key(0)).toBe(0x78);
  });

  test("needs an ASCII console", () => {
    expect(new Consoles().dialogue()).toBeUndefined();
  });
});
