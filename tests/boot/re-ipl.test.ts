/** What a guest asks for by DIAGNOSE 308: resets that keep storage, and IPL again from the device that it names. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { asm, assemble, type Source } from "@lockframe/assembler";
import type { DeviceBoot, SecureTransition } from "@lockframe/plugin-api";
import { stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { tinyGuest, writeScsiBootDisk } from "@lockframe/testkit";
import { describe, expect, test } from "vitest";
import { bootFrom } from "../support/boot-from.ts";
import { bootFirmware, describeWith } from "../support/debian-guest.ts";
import { startMachine } from "../support/running-machine.ts";
import { newHostKey } from "../support/sealed-tiny-guest.ts";

const diskOf = (kernel: Uint8Array): Uint8Array => writeScsiBootDisk({ entries: { 1: { kernel } } });
const tinyDisk = diskOf(tinyGuest());

/** A program that a disk starts at X'10000' and that ends in a disabled wait at an address that says what happened. */
const program = (source: Source): Uint8Array => assemble(source, { origin: 0 }).bytes;

/** Names a device, then asks for an IPL by a subcode. */
const toDevice = (subcode: number, deviceNumber = 2): Uint8Array =>
  program(asm("to-device.s")`
    .quad  0x0008000180010000           # as a kernel, it begins here too
    .org   0x10000
    sam64
    llilf  %r2,0x20000
    lghi   %r4,5
    diag   %r2,%r4,0x308                # set the IPL parameter block
    cghi   %r3,1
    jne    fail
    lghi   %r4,${subcode}
    diag   %r2,%r4,0x308
fail:
    larl   %r1,wait
    lpswe  0(%r1)
    .align 8
wait:
    .quad  0x0002000180000000, 0xbad
    .org   0x20000
    .long  200, 0, 192
    .byte  2, 0                         # of a device with channel programs; no load parameter
    .org   0x2006e
    .short ${deviceNumber}
    .org   0x21000
`);

/** Resets itself once, and ends at the number of what is left in register 7: X'77' or nothing. */
const resetsItself = (subcode: number): Uint8Array =>
  program(asm("resets-itself.s")`
    .quad  0x0008000180010000
    .org   0x10000
    j      start
    .org   0x10008
    .ascii "S390EP"                     # what can be sealed is a kernel
    .org   0x11000
start:
    sam64
    llilf  %r1,0x20000
    cli    0(%r1),0xaa                  # storage stays
    je     again
    mvi    0(%r1),0xaa
    mvghi  0x1d0(%r0),0
    mvc    0x1d0(16,%r0),0x110(%r1)     # program new PSW
    larl   %r5,short
    mvc    0(8,%r0),0(%r5)
    lghi   %r7,0x77
    lghi   %r4,${subcode}
    diag   %r4,%r4,0x308
again:
    stg    %r7,0x108(%r1)
    lpswe  0x100(%r1)
    .align 8
short:
    .quad  0x0008000180010000
    .org   0x20100
    .quad  0x0002000180000000, 0
    .quad  0x0002000180000000, 0xbad
    .org   0x21000
`);

test.for([
  ["0 clears registers", 0, 0n],
  ["1 keeps them", 1, 0x77n],
] as const)("subcode %s, and both keep storage", async ([, subcode, left]) => {
  await using guest = await startMachine({ kernel: resetsItself(subcode) });
  expect(await guest.stopped).toEqual({ kind: "disabled-wait", cpu: 0, address: left });
});

describe("a protected guest", () => {
  const hostKey = newHostKey();

  test.for([
    ["0 clears registers", 0, 0n],
    ["1 keeps them", 1, 0x77n],
  ] as const)("stays one: subcode %s, and both keep storage", async ([, subcode, left]) => {
    const transitions: SecureTransition["kind"][] = [];
    await using guest = await startMachine({
      kernel: await sealed(hostKey, resetsItself(subcode)),
      hostKeys: [hostKey],
      events: { secureTransition: ({ kind }) => void transitions.push(kind) },
    });
    expect(await guest.stopped).toEqual({ kind: "disabled-wait", cpu: 0, address: left });
    expect(transitions).toEqual(["entering", "entered"]);
  });

  test.for([2, 4, 7, 8, 9, 10])("has no subcode %i", async (subcode) => {
    const kernel = await sealed(hostKey, resetsItself(subcode));
    await using guest = await startMachine({ kernel, hostKeys: [hostKey] });
    expect(await guest.stopped).toEqual({ kind: "disabled-wait", cpu: 0, address: 0xbadn });
  });
});

/** An image whose guest is this program. */
function sealed(hostKey: KeyObject, program: Uint8Array): Promise<Uint8Array> {
  return writeSeImage({
    kernel: program,
    hostKeys: [createPublicKey(hostKey)],
    loaders: { stage3a: stage3a(), stage3b: stage3b() },
  });
}

function fromDevices(loader: () => DeviceBoot): void {
  test.for([3, 4])(
    "subcode %i boots the device that was named, and so does every reboot",
    async (subcode) => {
      await using guest = await bootFrom([diskOf(toDevice(subcode)), tinyDisk], { boot: loader() });
      for (const command of ["reboot\n", "poweroff\n"]) {
        await guest.until(/guest> /);
        guest.type(command);
      }
      expect(await guest.stopped).toEqual({ kind: "powered-off" });
    },
  );

  test("a kernel that was started directly can name a device, too", async () => {
    await using guest = await bootFrom([tinyDisk], { kernel: toDevice(3, 1), boot: loader() });
    await guest.until(/guest> /);
  });

  test("a device that is not there cannot be booted", async () => {
    await using guest = await bootFrom([diskOf(toDevice(3, 0x77))], { boot: loader() });
    expect((await guest.stopped).kind).toMatch(/ipl-failed|disabled-wait/);
  });

  test("a reboot is the end where it is to be", async () => {
    const changes = { onReboot: "stop" as const };
    await using guest = await bootFrom([diskOf(toDevice(3))], { boot: loader(), changes });
    expect(await guest.stopped).toEqual({ kind: "rebooted" });
  });
}

describe("by the embedded loader", () => fromDevices(() => ({})));
describeWith("by QEMU's firmware", await bootFirmware(), (bytes) =>
  fromDevices(() => ({ firmware: bytes() })),
);
