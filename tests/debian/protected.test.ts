/** The same kernel, sealed: it finds itself protected, and the host finds nothing of it. */
import { createPublicKey } from "node:crypto";
import { buildBusyboxInitramfs } from "@lockframe/debian";
import type { SecureTransition } from "@lockframe/plugin-api";
import { stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { busyboxGuest, describeWith } from "../support/debian-guest.ts";
import { GuestShell } from "../support/guest-shell.ts";
import { findInStorage } from "../support/host-search.ts";
import { type RunningMachine, startMachine } from "../support/running-machine.ts";
import { newHostKey } from "../support/sealed-tiny-guest.ts";

const MINUTES = 60_000;
vi.setConfig({ testTimeout: 3 * MINUTES });
const CANARIES = ["canary-of-the-command-line", "canary-of-the-initrd", "canary-of-a-process"];

describeWith("a sealed Debian kernel with busybox", await busyboxGuest(), (parts) => {
  const hostKey = newHostKey();
  const transitions: SecureTransition["kind"][] = [];
  let guest: RunningMachine;
  let shell: GuestShell;

  beforeAll(async () => {
    const { kernel, busybox } = parts();
    const image = await writeSeImage({
      kernel,
      initrd: buildBusyboxInitramfs({
        busybox,
        extraFiles: [{ path: "secret", type: "file", bytes: Buffer.from("canary-of-the-initrd") }],
        compression: "none",
      }),
      cmdline: Buffer.from("console=ttysclp0 quiet cryptomgr.notests word=canary-of-the-command-line"),
      hostKeys: [createPublicKey(hostKey)],
      loaders: { stage3a: stage3a(), stage3b: stage3b() },
    });
    guest = await startMachine({
      kernel: image,
      hostKeys: [hostKey],
      changes: { storage: { size: "512MiB" } },
      events: { secureTransition: ({ kind }) => void transitions.push(kind) },
    });
    shell = await GuestShell.at(guest);
  }, 5 * MINUTES);
  afterAll(() => guest?.[Symbol.asyncDispose]());

  test("it is protected, and has the Ultravisor's word for it", async () => {
    expect(transitions).toEqual(["entering", "entered"]);
    expect(guest.machine.stats().protected).toBe(true);
    expect(guest.console.text).toContain("protected virtual machine");
    expect(await shell.run("cat /sys/firmware/uv/prot_virt_guest")).toBe("1");
    expect(await shell.run("cat /sys/firmware/uv/prot_virt_host")).toBe("0");
    expect(await shell.run("cat /sys/firmware/uv/query/facilities")).toMatch(/^80c0000000000000\n/);
  });

  test("its I/O goes through bounce buffers, and its log has nothing to complain of", async () => {
    expect(await shell.run("dmesg | grep 'software IO TLB: mapped'")).toMatch(/\(64MB\)$/);
    expect(await shell.run("dmesg | grep -i -E 'panic|bug:|oops|warning|uvc failed' || true")).toBe("");
  });

  test("it maps its storage by pages of 1 MiB, too", async () => {
    expect(await shell.run("grep DirectMap1M /proc/meminfo")).toMatch(/^DirectMap1M: +[1-9]\d{4,} kB$/);
  });

  test("the host finds none of its secrets: not in storage, nor in what the machine says of itself", async () => {
    // Put together in the guest, so that the console never has it.
    await shell.run("x=canary-of; export secret=$x-a-process; sleep 1000 & true");
    expect(await shell.run("tr '\\0' '\\n' < /proc/$!/environ | grep -c secret=canary")).toBe("1");
    expect(await shell.run("wc -c < /secret; grep -c word=canary /proc/cmdline")).toBe("20\n1");
    expect(findInStorage(guest.machine.storage, CANARIES)).toEqual([]);
    const said = [guest.console.text, ...guest.messages, JSON.stringify(guest.machine.stats())].join("\n");
    expect(CANARIES.filter((canary) => said.includes(canary))).toEqual([]);
  });

  test("all of its pages come back to it unharmed", async () => {
    expect(await shell.run("cat /secret; echo; grep -o 'word=.*' /proc/cmdline")).toBe(
      "canary-of-the-initrd\nword=canary-of-the-command-line",
    );
    expect(await shell.run("cmp /bin/busybox /proc/self/exe && echo same")).toBe("same");
  });

  test(
    "a reboot goes through the whole start again",
    async () => {
      guest.type("reboot -f\n");
      shell = await GuestShell.at(guest);
      expect(transitions).toEqual(["entering", "entered", "left", "entering", "entered"]);
      expect(await shell.run("cat /sys/firmware/uv/prot_virt_guest")).toBe("1");
      expect(findInStorage(guest.machine.storage, CANARIES)).toEqual([]);
    },
    5 * MINUTES,
  );

  test("and it powers off", async () => {
    guest.type("poweroff -f\n");
    expect(await guest.stopped).toEqual({ kind: "powered-off" });
  });
});
