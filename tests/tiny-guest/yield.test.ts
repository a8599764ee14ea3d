/** A CPU that waits for another one gives it its time. */
import { asm, assemble } from "@lockframe/assembler";
import { expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";

const kernel = assemble(
  asm("yield.s")`
    .quad  0x0008000180000400
    .org   0x1a0
    .quad  0x0000000180000000, second
    .org   0x400
    lghi   %r2,1
    sigp   %r0,%r2,6
again:
    diag   %r0,%r0,0x44
    diag   %r2,%r0,0x9c
    cli    flag,1
    jne    again
    lpswe  done
second:
    mvi    flag,1
    lghi   %r2,1
    sigp   %r0,%r2,5
    j      second
    .balign 8
done:   .quad  0x0002000180000000, 0x600d
flag:   .byte  0
`,
  { origin: 0 },
).bytes;

test("DIAGNOSE 44 and 9C end a CPU's turn", async () => {
  await using guest = await startMachine({ kernel, changes: { cpus: { count: 2 } } });
  expect(await guest.stopped).toMatchObject({ kind: "disabled-wait", address: 0x600dn });
  expect(guest.machine.stats().instructions).toBeLessThan(100);
});
