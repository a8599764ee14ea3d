import { describe, expect, it } from "vitest";
import { backgroundState, type Case, windows } from "../case.ts";
import { decimalReference } from "./decimal.ts";

const first = windows[1].address + 0x100n;
const second = windows[2].address + 0x100n;

/** Runs an SS instruction whose operands are given in hexadecimal; gives result, ending and condition code. */
function run(mnemonic: string, a: string, b: string, secondAddress = second): [string, string | number] {
  const operands = [Buffer.from(a, "hex"), Buffer.from(b, "hex")] as const;
  const edits = mnemonic.startsWith("ED");
  const lengths = edits ? operands[0].length - 1 : ((operands[0].length - 1) << 4) | (operands[1].length - 1);
  const state = backgroundState();
  const subject: Case = {
    mnemonic,
    bytes: Uint8Array.of(0, lengths, 0x10, 0, 0x20, 0),
    before: {
      ...state,
      gr: state.gr.with(1, first).with(2, secondAddress),
      storage: [
        { address: first, bytes: operands[0] },
        ...(operands[1].length > 0 ? [{ address: second, bytes: operands[1] }] : []),
      ],
    },
  };
  const outcome = decimalReference(subject);
  if (outcome === undefined) return ["", "open"];
  const after = Buffer.from(operands[0]);
  for (const { address, bytes } of outcome.state.storage) {
    bytes.forEach((byte, index) => {
      const at = Number(address - first) + index;
      if (at >= 0 && at < after.length) after[at] = byte;
    });
  }
  return [after.toString("hex"), outcome.interruption?.class ?? outcome.state.cc];
}

describe("the reference of the decimal instructions (examples of the Principles of Operation)", () => {
  it.each([
    ["AP", "38460d", "112c", ["38348d", 1]],
    ["AP", "999c", "1c", ["000c", 3]],
    ["AP", "005c", "5d", ["000c", 0]],
    ["AP", "00ac", "5d", ["00ac", "data"]],
    ["SP", "38460d", "112c", ["38572d", 1]],
    ["ZAP", "1234567890", "38460d", ["000038460d", 1]],
    ["ZAP", "00", "38460d", ["0d", 3]],
    ["CP", "172535465d", "000c", ["172535465d", 1]],
    ["MP", "000038460d", "321d", ["012345660c", 0]],
    ["MP", "123c", "321d", ["123c", "execute-specification-operand"]],
    ["MP", "100038460d", "321d", ["100038460d", "data"]],
    ["DP", "012345678c", "321d", ["38460d018c", 0]],
    ["DP", "999999999c", "001c", ["999999999c", "decimal-divide"]],
    ["ED", "4020206b2020214b202040c3d9", "0257426c", ["4040f26bf5f7f44bf2f6404040", 2]],
    ["ED", "4020206b2020214b202040c3d9", "0000026d", ["404040404040404bf2f640c3d9", 1]],
  ] as const)("%s %s, %s", (mnemonic, a, b, expected) => {
    expect(run(mnemonic, a, b)).toEqual(expected);
  });

  it("shifts and rounds", () => {
    const shift = (amount: bigint, rounding: string, value: string) => {
      const state = backgroundState();
      const bytes = Buffer.from(`f0${(value.length / 2 - 1).toString(16)}${rounding}10002000`, "hex");
      const outcome = decimalReference({
        mnemonic: "SRP",
        bytes,
        before: {
          ...state,
          gr: state.gr.with(1, first).with(2, amount),
          storage: [{ address: first, bytes: Buffer.from(value, "hex") }],
        },
      });
      const changed = outcome?.state.storage[0]?.bytes;
      return [
        changed && Buffer.from(changed.subarray(0, value.length / 2)).toString("hex"),
        outcome?.state.cc,
      ];
    };
    expect(shift(3n, "0", "0000000123456c")).toEqual(["0000123456000c", 2]);
    expect(shift(9n, "0", "0000000123456c")).toEqual(["3456000000000c", 3]);
    expect(shift(62n, "5", "0000000123456d")).toEqual(["0000000001235d", 1]);
  });

  it("leaves improper overlap open", () => {
    expect(run("AP", "000012345c", "", first + 1n)[1]).toBe("open");
  });
});
