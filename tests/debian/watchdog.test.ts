/** Debian's own driver of the watchdog, in a machine whose time the test holds. */
import { FakeTimers } from "@lockframe/testkit/testing";
import { expect, test } from "vitest";
import { describeWith, watchdogGuest } from "../support/debian-guest.ts";
import { GuestShell } from "../support/guest-shell.ts";
import { startMachine } from "../support/running-machine.ts";

const MINUTES = 60_000;

describeWith("Debian's kernel", await watchdogGuest(), (guest) => {
  test("winds up its watchdog, and is reset when it stops to", { timeout: 4 * MINUTES }, async () => {
    const timers = new FakeTimers();
    await using machine = await startMachine({
      kernel: guest().kernel,
      initrd: guest().initrd,
      commandLine: "console=ttysclp0 quiet",
      timers,
      changes: { onReboot: "stop", plugins: ["diag288"], devices: [{ type: "diag288" }] },
    });
    const shell = await GuestShell.at(machine);
    await shell.run("modprobe diag288_wdt");
    await shell.run("exec 9>/dev/watchdog"); // the driver winds it up for 30 s
    timers.pass(29_000);
    await shell.run("echo >&9");
    timers.pass(29_000);
    expect(await shell.run("cat /sys/class/watchdog/watchdog0/identity")).toBe("z Watchdog");
    await shell.run("echo V >&9; exec 9>&-"); // closed with the magic letter, it stops
    timers.pass(100_000);
    await shell.run("exec 9>/dev/watchdog");
    timers.pass(31_000);
    expect(await machine.stopped).toEqual({ kind: "rebooted" });
  });
});
