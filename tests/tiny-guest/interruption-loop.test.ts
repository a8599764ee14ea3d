import { asm, assemble } from "@lockframe/assembler";
import { expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";

test("a program interruption that leads to the same instruction again ends the run", async () => {
  const source = asm("loop.s")`
    .quad  0x0008000180000200
    .org   0x1d0
    .quad  0x0000000180000000, 0x200    # program new PSW
    .org   0x200
    .short 0
`;
  await using guest = await startMachine({ kernel: assemble(source, { origin: 0 }).bytes });
  expect(await guest.stopped).toMatchObject({ kind: "interruption-loop", cpu: 0, address: 0x200n });
});

test("so does an invalid new PSW", async () => {
  const source = asm("loop.s")`
    .quad  0x0008000180000200
    .org   0x1d0
    .quad  0x0000000080000000, 0xffffffffff
    .org   0x200
    .short 0
`;
  await using guest = await startMachine({ kernel: assemble(source, { origin: 0 }).bytes });
  expect(await guest.stopped).toMatchObject({ kind: "interruption-loop", cpu: 0 });
});
