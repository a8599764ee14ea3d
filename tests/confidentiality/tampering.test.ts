/** The host has all of a protected guest's storage, and nothing of what is in it; what it changes is found out. */
import { tinyGuest } from "@lockframe/testkit";
import { exitOf } from "lockframe";
import { expect, test } from "vitest";
import { findInStorage } from "../support/host-search.ts";
import { startMachine } from "../support/running-machine.ts";
import { newHostKey, sealTinyGuest } from "../support/sealed-tiny-guest.ts";

const hostKey = newHostKey();
const SECRETS = ["canary-of-the-command-line", "canary-of-the-initrd", "This page belongs to the guest."];
const commandLine = "canary-of-the-command-line";
const initrd = Buffer.from("canary-of-the-initrd");
const image = await sealTinyGuest(hostKey, { cmdline: Buffer.from(commandLine), initrd });
const storage = { size: "64MiB" } as const;

test("without protection everything is found", async () => {
  await using guest = await startMachine({ kernel: tinyGuest(), initrd, commandLine, changes: { storage } });
  await guest.until(/guest> /);
  expect(findInStorage(guest.machine.storage, SECRETS)).toEqual(SECRETS);
});

test("with it nothing is, and the guest does not notice", async () => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey], changes: { storage } });
  await guest.until(/guest> /);
  expect(findInStorage(guest.machine.storage, SECRETS)).toEqual([]);
  guest.type("help\n");
  await guest.until(/unshare[^]*guest> /);
  expect(findInStorage(guest.machine.storage, SECRETS)).toEqual([]);
  guest.type("poweroff\n");
  expect(await guest.stopped).toEqual({ kind: "powered-off" });
});

test("what the guest shares is found until it takes it back", async () => {
  const [shared] = SECRETS.slice(2);
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey], changes: { storage } });
  await guest.until(/guest> /);
  guest.type("share\n");
  await guest.until(/guest> /);
  expect(findInStorage(guest.machine.storage, SECRETS)).toEqual([shared]);
  guest.type("unshare\n");
  await guest.until(/guest> /);
  expect(findInStorage(guest.machine.storage, SECRETS)).toEqual([]);
});

test.for([
  ["its assigned storage locations", 0x1d8],
  ["its program", 0x11000],
  ["its variables", 0x5000],
  ["its stack", 0xff00],
] as const)("a change of %s stops it by name before it can act on it", async ([, address]) => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey], changes: { storage } });
  await guest.until(/guest> /);
  const page = address - (address % 0x1000);
  const bytes = guest.machine.storage.read(address, 1);
  guest.machine.storage.write(
    address,
    bytes.map((byte) => byte ^ 1),
  );
  guest.type("help\n");
  const stop = await guest.stopped;
  expect(stop).toMatchObject({ kind: "integrity-violation", address: BigInt(page) });
  expect(exitOf(stop)).toBe("integrity");
  expect(guest.console.text).toMatch(/guest> $/);
});

test("an older version of a page is a change", async () => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey], changes: { storage } });
  await guest.until(/guest> /);
  const old = guest.machine.storage.read(0x5000, 0x1000);
  guest.type("help\n");
  await guest.until(/unshare[^]*guest> /);
  expect(guest.machine.storage.read(0x5000, 0x1000)).not.toEqual(old);
  guest.machine.storage.write(0x5000, old);
  guest.type("help\n");
  expect(await guest.stopped).toMatchObject({ kind: "integrity-violation", address: 0x5000n });
});

test("so is a page in another's place", async () => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey], changes: { storage } });
  await guest.until(/guest> /);
  const [variables, stack] = [0x5000, 0xf000].map((page) => guest.machine.storage.read(page, 0x1000));
  if (variables !== undefined) guest.machine.storage.write(0xf000, variables);
  if (stack !== undefined) guest.machine.storage.write(0x5000, stack);
  guest.type("help\n");
  expect(await guest.stopped).toMatchObject({ kind: "integrity-violation" });
});

test("writing back what was read changes nothing", async () => {
  await using guest = await startMachine({ kernel: image, hostKeys: [hostKey], changes: { storage } });
  await guest.until(/guest> /);
  const { storage: view } = guest.machine;
  for (let at = 0; at < view.size; at += 0x10_0000) view.write(at, view.read(at, 0x10_0000));
  guest.type("uv\npoweroff\n");
  expect(await guest.stopped).toEqual({ kind: "powered-off" });
});
