/** Ways in: a kernel is also entered by a boot loader, in 31-bit mode, through the short PSW at 0. */
import { asm, assemble } from "@lockframe/assembler";
import { tinyGuest } from "@lockframe/testkit";
import { expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";
import { newHostKey, sealTinyGuest } from "../support/sealed-tiny-guest.ts";

/** What the last stage of a disk's boot loader does: PSW at 0, then DIAGNOSE 308 subcode 1. */
const bootLoader = assemble(
  asm("boot-loader.s")`
    .quad  0x0008000180000200           # entered here by the machine
    .org   0x200
    larl   %r1,entry
    mvc    0(8,%r0),0(%r1)
    lghi   %r3,1
    diag   %r0,%r3,0x308
    .align 8
entry:
    .quad  0x0008000080010000           # 31-bit mode at 0x10000
`,
  { origin: 0 },
).bytes;

/** A file as such a loader leaves it in storage: nothing of it below 64 KiB. */
function loaded(file: Uint8Array): Uint8Array {
  const storage = file.slice();
  storage.fill(0, 0, 0x10000);
  storage.set(bootLoader);
  return storage;
}

test("a plain kernel in 31-bit mode", async () => {
  const kernel = loaded(tinyGuest());
  kernel.fill(0, 0x10008, 0x1000e); // without its mark, or the machine would start it by itself
  await using guest = await startMachine({ kernel });
  expect(await guest.until(/guest> /)).toContain("Protected: 0");
});

test("a Secure Execution image in 31-bit mode", async () => {
  const hostKey = newHostKey();
  const image = await sealTinyGuest(hostKey);
  await using guest = await startMachine({ kernel: loaded(image), hostKeys: [hostKey] });
  expect(await guest.until(/guest> /)).toContain("Protected: 1");
});
