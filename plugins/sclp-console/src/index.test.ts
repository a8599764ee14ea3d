import type { CharacterPort } from "@lockframe/plugin-api";
import { describeDevice } from "@lockframe/testkit/testing";
import { expect, test } from "vitest";
import sclpConsole from "./index.ts";

const port: CharacterPort = {
  interactive: false,
  waiting: 0,
  write: () => true,
  drained: () => Promise.resolve(),
  read: () => new Uint8Array(),
  onInput() {},
};

for (const definition of sclpConsole.devices) {
  describeDevice(definition, {
    capabilities: {
      consoles: { ascii: () => undefined, lineMode: () => undefined },
      characterPorts: { open: () => port },
    },
  });
}

test.for([
  ["sclpconsole", "ascii"],
  ["sclplmconsole", "lineMode"],
] as const)("%s puts its character device behind the %s console", ([type, kind]) => {
  const definition = sclpConsole.devices.find((each) => each.type === type);
  const seen: string[] = [];
  const console = (name: string) => (given: CharacterPort) => seen.push(`${name} ${given === port}`);
  definition?.instantiate(
    { chardev: "con0" },
    {
      consoles: { ascii: console("ascii"), lineMode: console("lineMode") },
      characterPorts: {
        open(name) {
          seen.push(`open ${name}`);
          return port;
        },
      },
    },
  );
  expect(seen).toEqual(["open con0", `${kind} true`]);
});

test("an unknown property is refused", () => {
  expect(() => sclpConsole.devices[0]?.instantiate({ chardve: "con0" }, {})).toThrow("chardve");
});
