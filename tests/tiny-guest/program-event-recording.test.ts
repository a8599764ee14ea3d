/** Program-event recording is not implemented: a guest that turns it on is stopped by name, not misled. */
import { asm, assemble } from "@lockframe/assembler";
import { expect, test } from "vitest";
import { startMachine } from "../support/running-machine.ts";

const programs = {
  "LPSWE with the events in control register 9": `
    lctlg  %c9,%c9,events
    lpswe  recording`,
  "events for a PSW that records already": `
    lpswe  recording
1:  lctlg  %c9,%c9,events`,
  "STORE THEN OR SYSTEM MASK": `
    lctlg  %c9,%c9,events
    stosm  scratch,0x40`,
};

const assembled = (body: string): Uint8Array =>
  assemble(
    asm("recording.s")`
    .quad  0x0008000180000200
    .org   0x100
events:     .quad  0x00000000ff000000
recording:  .quad  0x4000000180000000, 1f
scratch:    .quad  0
    .org   0x200
${body}
1:  j      1b
`,
    { origin: 0 },
  ).bytes;

test.for(Object.entries(programs))("%s", async ([, body]) => {
  await using guest = await startMachine({ kernel: assembled(body) });
  const stop = await guest.stopped;
  expect(stop).toMatchObject({ kind: "unimplemented", what: expect.stringContaining("(PER)") });
});
