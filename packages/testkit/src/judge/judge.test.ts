import { formats } from "@lockframe/architecture";
import { describe, expect, it } from "vitest";
import { qemuDeviations } from "../../judge/qemu-deviations.ts";
import { backgroundState, type Case, type Executor, type MachineState, windows } from "./case.ts";
import { caseFromJson, caseToJson } from "./case-json.ts";
import { chooseVectors } from "./choose-vectors.ts";
import { compareOutcomes } from "./compare.ts";
import { encode } from "./encoding.ts";
import { generateCases } from "./generate.ts";
import { encodeBatch } from "./harness-protocol.ts";
import { judgeInstruction } from "./judge-instruction.ts";
import { QemuJudge } from "./qemu.ts";
import { flattened, windowAt } from "./window-contents.ts";

const agr = { mnemonic: "AGR", title: "ADD", format: formats.RRE, opcode: 0xb908 };

/** ADD (64) over again, independent of the definitions; `wrong` sets the condition code of zero wrongly. */
const adder = (wrong = false): Executor => ({
  name: "adder",
  execute({ before, bytes }) {
    const r1 = (bytes[3] ?? 0) >> 4;
    const r2 = (bytes[3] ?? 0) & 15;
    const sum = BigInt.asIntN(64, before.gr[r1] ?? 0n) + BigInt.asIntN(64, before.gr[r2] ?? 0n);
    const result = BigInt.asIntN(64, sum);
    const cc = result !== sum ? 3 : result === 0n ? Number(wrong) : result < 0n ? 1 : 2;
    const state: MachineState = {
      ...before,
      address: before.address + 4n,
      cc,
      gr: before.gr.with(r1, BigInt.asUintN(64, sum)),
      storage: [],
    };
    return cc === 3 && before.programMask & 8
      ? { interruption: { class: "fixed-point-overflow" }, state }
      : { state };
  },
});

describe("case generation", () => {
  it("gives the same cases for the same seed, and others for another", () => {
    expect(generateCases(agr, 20, "1")).toEqual(generateCases(agr, 20, "1"));
    expect(generateCases(agr, 20, "2")).not.toEqual(generateCases(agr, 20, "1"));
  });

  it.each(Object.values(formats))("makes cases that the harness can take for format $name", (format) => {
    const opcode = format.length === 2 ? 0x07 : 0xe304;
    const cases = generateCases({ mnemonic: "ANY", title: "", format, opcode }, 300, "1");
    expect(encodeBatch(cases).length).toBeGreaterThan(300 * 344);
    for (const { before, bytes } of cases) {
      expect(bytes).toHaveLength(format.length);
      expect(windowAt(before.address, bytes.length)).toBe(windows[0]);
    }
  });

  it("meets edges: equal operands, overflow, zero", () => {
    const codes = generateCases(agr, 2000, "1").map((subject) => adder().execute(subject).state.cc);
    for (const cc of [0, 1, 2, 3]) {
      expect(codes.filter((code) => code === cc).length).toBeGreaterThan(20);
    }
  });
});

describe("encoding", () => {
  it("puts a 20-bit displacement's high part last", () => {
    const lg = { mnemonic: "LG", title: "LOAD", format: formats.RXYa, opcode: 0xe304 };
    const fields = { r1: 1n, x2: 2n, b2: 3n, d2: 0xabcden };
    expect(Buffer.from(encode(lg, new Map(Object.entries(fields)))).toString("hex")).toBe("e3123cdeab04");
  });
});

describe("vectors", () => {
  it("keep a case and its outcome", () => {
    for (const generated of generateCases(agr, 50, "1")) {
      const subject: Case = {
        ...generated,
        before: { ...generated.before, storage: flattened(generated.before.storage) },
      };
      const outcome = adder().execute(subject);
      const read = caseFromJson("AGR", JSON.parse(JSON.stringify(caseToJson(subject, outcome))));
      expect(read.before).toEqual(subject.before);
      expect(compareOutcomes(outcome, read.after)).toEqual([]);
    }
  });

  it("lay overlapping storage flat, the later piece on top", () => {
    const address = windows[1].address;
    const piece = (offset: bigint, ...bytes: number[]) => ({
      address: address + offset,
      bytes: Uint8Array.from(bytes),
    });
    const flat = flattened([piece(2n, 3, 4), piece(0n, 1, 2, 9), piece(8n, 5)]);
    expect(flat).toEqual([piece(0n, 1, 2, 9, 4), piece(8n, 5)]);
  });
});

describe.skipIf(!QemuJudge.available())("QEMU as judge (needs qemu-user-static)", () => {
  const options = { cases: 300, seed: "1", deviations: qemuDeviations };

  it("agrees with a right ADD and finds a wrong one out", async () => {
    using qemu = QemuJudge.open();
    const { judgement: right } = await judgeInstruction(agr, adder(), qemu, options);
    expect(right.failed).toBe(0);
    expect(right.first).toBeUndefined();
    const { judgement: wrong } = await judgeInstruction(agr, adder(true), qemu, options);
    expect(wrong.failed).toBeGreaterThan(0);
    expect(wrong.first?.differences).toContainEqual({ what: "cc", expected: "0", found: "1" });
  });

  it("reports storage, branches, access exceptions and untouched state", async () => {
    using qemu = QemuJudge.open();
    const at = (state: Partial<MachineState>): MachineState => ({ ...backgroundState(), ...state });
    const a = windows[1].address;
    const store = Uint8Array.of(0xe3, 0x10, 0x20, 0x00, 0x00, 0x24); // STG 1,0(2)
    const branch = Uint8Array.of(0x07, 0xf2); // BCR 15,2
    const gr = backgroundState().gr;
    const [stored, faulted, branched] = await qemu.judge([
      { mnemonic: "STG", bytes: store, before: at({ gr: gr.with(1, 0x1122n).with(2, a + 8n) }) },
      { mnemonic: "STG", bytes: store, before: at({ gr: gr.with(2, a + 0x1ffcn) }) },
      { mnemonic: "BCR", bytes: branch, before: at({ gr: gr.with(2, windows[0].address + 0x40n), cc: 2 }) },
    ]);
    expect(stored).toMatchObject({
      state: {
        address: windows[0].address + 0x806n,
        gr: gr.with(1, 0x1122n).with(2, a + 8n),
        fr: backgroundState().fr,
        ar: backgroundState().ar,
        storage: [{ address: a + 8n, bytes: Buffer.from("0000000000001122", "hex") }],
      },
    });
    expect(faulted).toMatchObject({ interruption: { class: "access" }, state: { storage: [] } });
    expect(branched).toMatchObject({ state: { address: windows[0].address + 0x40n, cc: 2 } });
  });

  it("survives a case that never ends", async () => {
    using qemu = QemuJudge.open(1500);
    const before = backgroundState();
    const [loop, fine] = await qemu.judge([
      { mnemonic: "BRC", bytes: Uint8Array.of(0xa7, 0xf4, 0, 0), before },
      { mnemonic: "LGR", bytes: Uint8Array.of(0xb9, 0x04, 0, 0x12), before },
    ]);
    expect(loop).toEqual({ silence: "QEMU did not end the case" });
    expect(fine).toMatchObject({ state: { gr: before.gr.with(1, before.gr[2] ?? 0n) } });
  });

  it("makes few and telling vectors", async () => {
    using qemu = QemuJudge.open();
    const { agreed } = await judgeInstruction(agr, adder(), qemu, options);
    const vectors = await chooseVectors(agreed, qemu, adder(), 12);
    expect(vectors).toHaveLength(12);
    expect(new Set(vectors.map(({ after }) => after.cc)).size).toBeGreaterThan(2);
    for (const vector of vectors) {
      expect(Object.keys(vector.before)).not.toContain("fr");
      expect(Object.keys(vector.before.gr ?? {}).length).toBeLessThanOrEqual(2);
    }
  });
});
