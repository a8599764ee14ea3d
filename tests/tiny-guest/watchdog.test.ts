/** What a machine does when its guest does not wind up the watchdog: every action, by a guest that only waits. */
import { asm, assemble } from "@lockframe/assembler";
import { FakeTimers } from "@lockframe/testkit/testing";
import { expect, test, vi } from "vitest";
import { startMachine, type RunningMachine } from "../support/running-machine.ts";

/** Winds the watchdog up for 15 s and waits; a restart interruption is a disabled wait at 0xbee. */
const source = asm("watchdog.s")`
    .quad  0x0008000180000200
    .org   0x1a0
    .quad  0x0002000180000000, 0xbee    # restart new PSW
    .org   0x1d0
    .quad  0x0002000180000000, 0xbad    # program new PSW
    .org   0x200
    lghi   %r2,0
    lghi   %r3,15
    lghi   %r6,0
    diag   %r2,%r6,0x288
    lpswe  0x300
    .org   0x300
    .quad  0x0302000180000000, 0        # wait for what never comes
`;
const kernel = assemble(source, { origin: 0 }).bytes;

interface Watched extends RunningMachine {
  readonly timers: FakeTimers;
  readonly reboots: () => number;
}

async function watched(action: string, onReboot: "reboot" | "stop" = "reboot"): Promise<Watched> {
  const timers = new FakeTimers();
  let reboots = 0;
  const guest = await startMachine({
    kernel,
    timers,
    events: { rebooting: () => void (reboots += 1) },
    changes: { onReboot, plugins: ["diag288"], devices: [{ type: "diag288", action }] },
  });
  return { ...guest, timers, reboots: () => reboots };
}

/** Let the machine run for a few turns. */
const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

async function bite(guest: Watched): Promise<void> {
  await vi.waitFor(() => expect(guest.timers.pending).toBe(1), 10_000);
  guest.timers.pass(15_000);
  await turns();
}

test("reset starts the guest again, and each time anew", async () => {
  await using guest = await watched("reset");
  await bite(guest);
  await bite(guest);
  expect(guest.reboots()).toBe(2);
});

test("reset ends a machine that is not to reboot", async () => {
  await using guest = await watched("reset", "stop");
  await bite(guest);
  expect(await guest.stopped).toEqual({ kind: "rebooted" });
});

test("poweroff ends the run", async () => {
  await using guest = await watched("poweroff");
  await bite(guest);
  expect(await guest.stopped).toEqual({ kind: "watchdog" });
});

test("inject-nmi is a restart interruption", async () => {
  await using guest = await watched("inject-nmi");
  await bite(guest);
  expect(await guest.stopped).toEqual({ kind: "disabled-wait", cpu: 0, address: 0xbeen });
});

test("pause lets no CPU run any more, and the machine can be ended", async () => {
  await using guest = await watched("pause");
  await bite(guest);
  const { instructions } = guest.machine.stats();
  await turns();
  expect(guest.machine.stats().instructions).toBe(instructions);
  guest.machine.quit({ kind: "quit", by: "user" });
  expect(await guest.stopped).toEqual({ kind: "quit", by: "user" });
});

test.for([
  ["shutdown", 2],
  ["debug", 1],
  ["none", 0],
] as const)("%s leaves the guest alone that does not listen", async ([action, messages]) => {
  await using guest = await watched(action);
  await bite(guest);
  expect(guest.reboots()).toBe(0);
  expect(guest.messages.filter((message) => !message.startsWith("DIAGNOSE"))).toHaveLength(messages);
});

test("a machine without the device refuses the call", async () => {
  await using guest = await startMachine({ kernel });
  expect(await guest.stopped).toEqual({ kind: "disabled-wait", cpu: 0, address: 0xbadn });
});
