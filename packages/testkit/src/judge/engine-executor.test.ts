import { instructions } from "@lockframe/instructions";
import { describe, expect, it } from "vitest";
import { backgroundOf, backgroundState, type MachineState, windows } from "./case.ts";
import { EngineExecutor } from "./engine-executor.ts";

const engine = new EngineExecutor(instructions);
const at = (state: Partial<MachineState>): MachineState => ({ ...backgroundState(), ...state });
const { gr } = backgroundState();
const code = windows[0].address;
const a = windows[1].address;
const run = (hex: string, before: MachineState) =>
  engine.execute({ mnemonic: "", bytes: Buffer.from(hex, "hex"), before });

describe("the engine as an executor", () => {
  it("reports what changed and nothing else", () => {
    const before = at({ gr: gr.with(1, 0x1122n).with(2, a + 8n), cc: 2, programMask: 5 });
    expect(run("e31020000024", before)).toEqual({
      state: {
        ...before,
        address: before.address + 6n,
        storage: [{ address: a + 8n, bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0x11, 0x22) }],
      },
    });
  });

  it("forgets a case before the next", () => {
    run("e31020000024", at({ gr: gr.with(2, a) }));
    const load = run("e31020000004", at({ gr: gr.with(2, a) }));
    expect(load.state.gr[1]).toBe(Buffer.from(backgroundOf(windows[1])).readBigUInt64BE(0));
  });

  it("follows branches to where there is storage, and to where there is none", () => {
    expect(run("07f2", at({ gr: gr.with(2, code + 0x40n) })).state.address).toBe(code + 0x40n);
    expect(run("07f2", at({ gr: gr.with(2, 0x7000n) }))).toMatchObject({ state: { address: 0x7000n } });
  });

  it("has access exceptions around its windows, with nothing changed", () => {
    const before = at({ gr: gr.with(2, a + 0x1ffcn) });
    expect(run("e31020000024", before)).toMatchObject({
      interruption: { class: "access", code: 0x11 },
      state: { gr: before.gr, storage: [] },
    });
  });

  it("tells an unknown operation from the end of a case", () => {
    expect(run("b9ff0000", at({})).interruption).toEqual({ class: "operation", code: 1 });
  });

  it("ends a program that does not", () => {
    expect(run("a7f40000", at({})).interruption).toEqual({ class: "other" });
  });
});
