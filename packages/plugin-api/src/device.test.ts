import { expect, test } from "vitest";
import { z } from "zod";
import type { Log } from "./capabilities.ts";
import { device } from "./device.ts";
import { definePlugin, isPlugin } from "./plugin.ts";

const log: Log = { debug() {}, info() {}, warn() {} };

test("a device gets its parsed properties and exactly the capabilities that it named", () => {
  let given: object | undefined;
  const definition = device({
    type: "t",
    title: "",
    class: "channel",
    config: z.strictObject({ columns: z.int().default(80) }),
    needs: ["log"],
    create(context) {
      given = context;
      return {};
    },
  });
  const consoles = { ascii() {}, lineMode() {} };
  definition.instantiate({}, { log, consoles });
  expect(given).toEqual({ config: { columns: 80 }, log });
  expect(() => definition.instantiate({ rows: 1 }, { log })).toThrow(/rows/);
  expect(() => definition.instantiate({}, { consoles })).toThrow("device t needs log");
});

test("a plugin is recognised by its shape and its API version", () => {
  const plugin = definePlugin({ name: "p", api: 1, title: "" });
  expect(isPlugin(plugin)).toBe(true);
  expect(isPlugin({ ...plugin, api: 2 })).toBe(false);
  expect(isPlugin({ name: "p", api: 1 })).toBe(false);
  expect(isPlugin(undefined)).toBe(false);
});
