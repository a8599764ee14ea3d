/** A small guest on the protected path: what it sees of its machine, reboots, the ways it can end. */
import type { SecureTransition } from "@lockframe/plugin-api";
import { expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";
import { newHostKey, sealTinyGuest } from "../support/sealed-tiny-guest.ts";

const hostKey = newHostKey();
const image = await sealTinyGuest(hostKey, {
  cmdline: Buffer.from("sealed words"),
  initrd: Buffer.alloc(0x1234, 0x5a),
});

test("it is protected, has its own command line and RAM disk, and shares pages", async () => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey] });
  const greeting = await guest.until(/guest> /);
  expect(greeting).toContain("Command line: sealed words\r\n");
  expect(greeting).toContain("Initial RAM disk: bytes 0x1234\r\n");
  expect(greeting).toContain("Protected: 1\r\n");
  guest.console.type("uv\nshare\nunshare\npoweroff\n");
  expect(await guest.stopped).toEqual({ kind: "powered-off" });
  expect(guest.console.text).toContain("Ultravisor query: return code 0x1, calls offered 0x80c0000000000000");
  expect(guest.console.text).toContain("Set shared access: return code 0x1\r\n");
  expect(guest.console.text).toContain("Remove shared access: return code 0x1\r\n");
});

test("a reboot (DIAGNOSE 308 subcode 3) leaves protection and takes the whole way in again", async () => {
  const transitions: SecureTransition["kind"][] = [];
  await using guest = await startMachine({
    kernel: image,
    hostKeys: [hostKey],
    events: { secureTransition: ({ kind }) => void transitions.push(kind) },
  });
  for (let boot = 0; boot < 3; boot++) {
    expect(await guest.until(/guest> /)).toContain("Protected: 1");
    guest.console.type("share\n");
    await guest.until(/guest> /);
    guest.console.type(boot < 2 ? "reboot\n" : "poweroff\n");
  }
  expect(await guest.stopped).toEqual({ kind: "powered-off" });
  const once = ["entering", "entered"];
  expect(transitions).toEqual([...once, "left", ...once, "left", ...once]);
});

test("with `onReboot: stop` a reboot ends the run", async () => {
  await using guest = await startMachine({
    kernel: image,
    hostKeys: [hostKey],
    changes: { onReboot: "stop" },
  });
  await guest.until(/guest> /);
  guest.console.type("reboot\n");
  expect(await guest.stopped).toEqual({ kind: "rebooted" });
});

test("a crash is a disabled wait whose address tells where", async () => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey] });
  await guest.until(/guest> /);
  guest.console.type("crash\n");
  expect(await guest.stopped).toMatchObject({ kind: "disabled-wait", cpu: 0 });
  expect(guest.console.text).toMatch(/Crashing\r\n$/);
});

test("with two CPUs", async () => {
  await using guest = await startMachine({
    kernel: image,
    hostKeys: [hostKey],
    changes: { cpus: { count: 2 } },
  });
  await guest.until(/Protected: 1[^]*guest> /);
  guest.console.type("reboot\n");
  await guest.until(/Protected: 1[^]*guest> /);
  guest.console.type("poweroff\n");
  expect(await guest.stopped).toEqual({ kind: "powered-off" });
});

test("while it waits for a key the machine sleeps", async () => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey] });
  await guest.until(/guest> /);
  const before = guest.machine.stats();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  guest.console.type("poweroff\n");
  await guest.stopped;
  const after = guest.machine.stats();
  expect(after.idleMs - before.idleMs).toBeGreaterThan(500);
  expect(after.instructions - before.instructions).toBeLessThan(10_000);
});
