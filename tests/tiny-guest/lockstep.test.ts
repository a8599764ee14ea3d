/** The tiny guest with both engines in lockstep: plain, and through everything that the Ultravisor does to a guest. */
import { tinyGuest } from "@lockframe/testkit";
import { expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";
import { newHostKey, sealTinyGuest } from "../support/sealed-tiny-guest.ts";

const changes = { cpus: { engine: "both" } } as const;

test("a plain guest runs to its end without a difference", { timeout: 120_000 }, async () => {
  await using guest = await startMachine({ kernel: tinyGuest(), changes });
  await guest.until(/guest> /);
  guest.console.type("poweroff\n");
  expect(await guest.stopped).toEqual({ kind: "powered-off" });
});

test("so does a protected one, which shares pages and reboots", { timeout: 120_000 }, async () => {
  const hostKey = newHostKey();
  const kernel = await sealTinyGuest(hostKey);
  await using guest = await startMachine({ kernel, hostKeys: [hostKey], changes });
  expect(await guest.until(/guest> /)).toContain("Protected: 1");
  guest.console.type("uv\nshare\nunshare\nreboot\n");
  expect(await guest.until(/Set shared access[^]*Protected: 1[^]*guest> /)).toBeDefined();
  guest.console.type("poweroff\n");
  expect(await guest.stopped).toEqual({ kind: "powered-off" });
});
