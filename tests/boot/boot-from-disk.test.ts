/** Booting from disks laid out as zipl lays them out: by QEMU's firmware as guest code, and by the embedded loader. */
import { writeFileSync } from "node:fs";
import type { DeviceBoot, Stop } from "@lockframe/plugin-api";
import {
  type BootDiskOptions,
  tinyGuest,
  writeBootableIso,
  writeEckdBootDisk,
  writeScsiBootDisk,
} from "@lockframe/testkit";
import { describe, expect, test } from "vitest";
import { bootFrom, dasd, type DiskMachine } from "../support/boot-from.ts";
import { bootFirmware, describeWith, diskStage3 } from "../support/debian-guest.ts";
import { startMachine } from "../support/running-machine.ts";
import { newHostKey, sealTinyGuest } from "../support/sealed-tiny-guest.ts";

const firmware = await bootFirmware();
const stage3 = await diskStage3();

const kernel = tinyGuest();
/** Without parts of Debian: the loader starts the kernel at once. */
const bare: BootDiskOptions = { entries: { 1: { kernel, name: "one" }, 2: { kernel, name: "two" } } };
/** How a kernel begins that a channel program can load: by that it is known on an optical medium. */
const CHANNEL_PROGRAM = Buffer.from("020000186000005002000068600000504040404040404040", "hex");
const empty = new Uint8Array(0x100000);

async function powerOff(guest: DiskMachine): Promise<Stop> {
  guest.type("poweroff\n");
  return guest.stopped;
}

/** What both loaders do. @param failed how a machine ends that has nothing to boot */
function bootTests(loader: () => DeviceBoot, failed: (guest: DiskMachine) => Promise<void>): void {
  test("a disk without tracks starts its default", async () => {
    await using guest = await bootFrom([writeScsiBootDisk(bare)], { boot: loader() });
    expect(await guest.until(/guest> /)).toContain("Lockframe tiny guest");
    expect(await powerOff(guest)).toEqual({ kind: "powered-off" });
  });

  test.for(["cdl", "cdl-list-directed", "ldl"] as const)("a DASD starts its default: %s", async (layout) => {
    await using guest = await bootFrom([writeEckdBootDisk(bare, layout)], { boot: loader(), device: dasd });
    await guest.until(/guest> /);
    expect(await powerOff(guest)).toEqual({ kind: "powered-off" });
  });

  test("an optical medium starts its image", async () => {
    const image = kernel.slice();
    image.set(CHANNEL_PROGRAM, 8);
    await using guest = await bootFrom([writeBootableIso([image])], { boot: loader() });
    await guest.until(/guest> /);
    expect(await powerOff(guest)).toEqual({ kind: "powered-off" });
  });

  test("a device that cannot be booted is passed over", async () => {
    await using guest = await bootFrom([empty, writeScsiBootDisk(bare)], { boot: loader() });
    await guest.until(/guest> /);
  });

  test("a machine that waits for a choice can be ended", async () => {
    await using guest = await bootFrom([writeScsiBootDisk(bare)], { boot: { ...loader(), menu: true } });
    await guest.until(/Please choose:/);
    guest.machine.quit({ kind: "quit", by: "SIGTERM" });
    expect(await guest.stopped).toEqual({ kind: "quit", by: "SIGTERM" });
  });

  test("a machine with nothing to boot ends and says why", async () => {
    await using guest = await bootFrom([empty], { boot: loader() });
    await failed(guest);
  });

  test("a reboot reads the disk again", async () => {
    await using guest = await bootFrom([writeScsiBootDisk(bare)], { boot: loader() });
    await guest.until(/guest> /);
    guest.type("reboot\n");
    await guest.until(/guest> /);
    for (const file of guest.files) writeFileSync(file, empty);
    guest.type("reboot\n");
    await failed(guest);
  });

  describeWith("with the last stage of zipl's loader", stage3, (bytes) => {
    const disk = (): BootDiskOptions => ({
      stage3: bytes(),
      menuTimeout: 1,
      entries: {
        1: { kernel, commandLine: "first words", initrd: new Uint8Array(0x2345), name: "one" },
        7: { kernel, commandLine: "seventh words", name: "seven" },
      },
    });

    test("the guest gets its command line and initial RAM disk", async () => {
      await using guest = await bootFrom([writeScsiBootDisk(disk())], { boot: loader() });
      const greeting = await guest.until(/guest> /);
      expect(greeting).toContain("Command line: first words\r\n");
      expect(greeting).toContain("Initial RAM disk: bytes 0x2345\r\n");
    });

    test("the load parameter of a device chooses, or else that of the machine", async () => {
      const disks = [writeScsiBootDisk(disk())];
      const boot = { ...loader(), loadParameter: "1" };
      await using device = await bootFrom(disks, { boot, device: { loadparm: "7" } });
      expect(await device.until(/guest> /)).toContain("seventh words");
      await using machine = await bootFrom(disks, { boot: { ...loader(), loadParameter: "7" } });
      expect(await machine.until(/guest> /)).toContain("seventh words");
    });

    test("a menu asks until an entry is chosen that exists", async () => {
      await using guest = await bootFrom([writeScsiBootDisk(disk())], { boot: { ...loader(), menu: true } });
      await guest.until(/Please choose:/);
      guest.type("3\n");
      await guest.until(/Please choose:/);
      guest.type("7\n");
      expect(await guest.until(/guest> /)).toContain("seventh words");
      expect(await powerOff(guest)).toEqual({ kind: "powered-off" });
    });

    test("a DASD shows its own menu, and takes the default when nobody chooses", async () => {
      await using guest = await bootFrom([writeEckdBootDisk(disk(), "cdl")], {
        boot: loader(),
        device: dasd,
      });
      const menu = await guest.until(/Booting entry #0/);
      expect(menu).toContain(" 7. seven");
      expect(await guest.until(/guest> /)).toContain("first words");
    });

    test("PROMPT asks whatever the disk says", async () => {
      const boot = { ...loader(), menu: false, loadParameter: "PROMPT" };
      await using guest = await bootFrom([writeEckdBootDisk(disk(), "ldl")], { boot, device: dasd });
      await guest.until(/Please choose:/);
      guest.type("7\n");
      expect(await guest.until(/guest> /)).toContain("seventh words");
    });

    test("a Secure Execution image becomes a protected guest, again after a reboot", async () => {
      const hostKey = newHostKey();
      const image = await sealTinyGuest(hostKey, { cmdline: Buffer.from("sealed words") });
      const disks = [writeScsiBootDisk({ stage3: bytes(), entries: { 1: { kernel: image } } })];
      await using guest = await bootFrom(disks, { boot: loader(), hostKeys: [hostKey] });
      for (const command of ["reboot\n", "poweroff\n"]) {
        const greeting = await guest.until(/guest> /);
        expect(greeting).toContain("Command line: sealed words\r\n");
        expect(greeting).toContain("Protected: 1");
        guest.type(command);
      }
      expect(await guest.stopped).toEqual({ kind: "powered-off" });
    });
  });
}

describeWith("QEMU's firmware", firmware, (bytes) => {
  bootTests(
    () => ({ firmware: bytes() }),
    async (guest) => {
      expect(await guest.stopped).toMatchObject({ kind: "disabled-wait", cpu: 0 });
      expect(guest.console.text).toContain("No suitable device for IPL");
    },
  );
});

describe("the embedded loader", () => {
  bootTests(
    () => ({}),
    async (guest) => expect(await guest.stopped).toMatchObject({ kind: "ipl-failed", code: "LF-IPL-001" }),
  );
});

test("booting from a network is refused by name", async () => {
  const changes = {
    plugins: ["user-network", "virtio-net"],
    devices: [{ type: "virtio-net-ccw", netdev: { kind: "user" }, bootindex: 0 }],
  };
  await expect(startMachine({ changes })).rejects.toMatchObject({
    code: "LF-UNIMPLEMENTED",
    message: expect.stringContaining("booting from a network"),
  });
});
