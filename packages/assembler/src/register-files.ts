/** Which register file an operand names. Formats do not say it: RRE serves AGR, EAR, LDGR and LCDBR alike. */
import type { Field } from "@lockframe/architecture";
import type { InstructionEncoding } from "./encoding.ts";

export type RegisterFileName = "general" | "control" | "access" | "floating-point" | "vector";

/** The letter after the percent sign. */
export const registerLetters: Readonly<Record<RegisterFileName, string>> = {
  general: "r",
  control: "c",
  access: "a",
  "floating-point": "f",
  vector: "v",
};

/** Instructions with operands outside of the general registers, by mnemonic and field. */
const named: Readonly<Record<string, Readonly<Record<string, RegisterFileName>>>> = {
  LCTL: { r1: "control", r3: "control" },
  LCTLG: { r1: "control", r3: "control" },
  STCTL: { r1: "control", r3: "control" },
  STCTG: { r1: "control", r3: "control" },
  LAM: { r1: "access", r3: "access" },
  LAMY: { r1: "access", r3: "access" },
  STAM: { r1: "access", r3: "access" },
  STAMY: { r1: "access", r3: "access" },
  CPYA: { r1: "access", r2: "access" },
  SAR: { r1: "access" },
  TAR: { r1: "access" },
  EAR: { r2: "access" },
};

/** Second bytes of X'B3..' instructions whose R1, and of those whose R2, is a general register. */
const generalR1 = byteSet(
  "84 85 8c 98 99 9a 9c 9d 9e a8 a9 aa ac ad ae b8 b9 ba c8 c9 ca cd e1 e2 e3 e5 e7 e9 ea eb ed ef",
);
const generalR2 = byteSet("90 91 92 94 95 96 a0 a1 a2 a4 a5 a6 b4 b5 b6 c1 c4 c5 c6 f1 f2 f3 f6 f9 fa fb fe");
/** The same for the conversions of decimal floating point among the X'B9..' instructions. */
const decimalToFixed = byteSet("41 42 43 49 4a 4b");
const decimalFromFixed = byteSet("51 52 53 59 5a 5b");
/** First bytes of RX instructions whose R1 is a floating-point register. */
const floatingPointRx = byteSet("60 67 68 69 6a 6b 6c 6d 6e 6f 70 78 79 7a 7b 7c 7d 7e 7f");

function byteSet(text: string): ReadonlySet<number> {
  return new Set(text.split(" ").map((digits) => Number.parseInt(digits, 16)));
}

export function registerFileOf(encoding: InstructionEncoding, field: Field): RegisterFileName {
  if (field.kind === "v") return "vector";
  if (field.kind !== "r") return "general";
  const other = named[encoding.mnemonic.toUpperCase()]?.[field.name];
  if (other !== undefined) return other;
  return isFloatingPoint(encoding, field.name) ? "floating-point" : "general";
}

function isFloatingPoint({ opcode, format }: InstructionEncoding, field: string): boolean {
  if (opcode < 0x100) {
    return (format.length === 2 && opcode >= 0x20 && opcode < 0x40) || floatingPointRx.has(opcode);
  }
  const second = opcode & 0xff;
  switch (opcode >> 8) {
    case 0xb3:
      return !(field === "r1" ? generalR1 : field === "r2" ? generalR2 : new Set()).has(second);
    case 0xb9:
      return (
        (field === "r2" && decimalToFixed.has(second)) || (field === "r1" && decimalFromFixed.has(second))
      );
    case 0xed:
      return true;
    default:
      return false;
  }
}
