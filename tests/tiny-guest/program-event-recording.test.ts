/** A guest that records its own events: Linux steps so for debuggers and probes. */
import { asm, assemble } from "@lockframe/assembler";
import { expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";

/** A loop of which each instruction is recorded; the handler counts them in register 3. */
const kernel = assemble(
  asm("recording.s")`
    .quad  0x0008000180000200
    .org   0x1c0
            .quad  0x0000000180000000, 0x7777
            .quad  0x0000000180000000, interrupted
    .org   0x200
    la     %r1,0
    lctlg  %c9,%c11,events
    lpswe  recording
stepped:
    lghi   %r2,5
loop:
    aghi   %r1,1
    brctg  %r2,loop
    svc    7
last:
    nopr   %r0
interrupted:
    clhhsi 0x8e,0x80
    jne    wrong
    cli    0x96,0x40
    jne    wrong
    aghi   %r3,1
    clc    0x150+8(8),expectedEnd
    je     end
    lpswe  0x150
end:
    cghi   %r3,12
    jne    wrong
    cghi   %r1,5
    jne    wrong
    lpswe  done
wrong:
    lpswe  failed
    .org   0x400
expectedEnd: .quad 0x7777
events:     .quad  0x0000000040000000, stepped, last
recording:  .quad  0x4000000180000000, stepped
failed:     .quad  0x0002000180000000, 0xbad
done:       .quad  0x0002000180000000, 0x600d
`,
  { origin: 0 },
).bytes;

test("each instruction of a loop is recorded, and the supervisor call after its interruption", async () => {
  await using guest = await startMachine({ kernel });
  expect(await guest.stopped).toMatchObject({ kind: "disabled-wait", address: 0x600dn });
});
