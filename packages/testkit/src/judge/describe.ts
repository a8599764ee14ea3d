import { createDisassembler } from "@lockframe/assembler";
import { backgroundState, backgroundVectors, type Case } from "./case.ts";
import { hex } from "./compare.ts";
import type { InstructionToJudge } from "./encoding.ts";

/** A case in lines a person can follow: the instruction, its operands, and all that is not background. */
export function describeCase(instruction: InstructionToJudge, subject: Case): string[] {
  const { before, bytes } = subject;
  const background = backgroundState();
  const different = <T extends bigint | number>(
    name: string,
    digits: number,
    values: readonly T[],
    usual: readonly T[],
  ): string[] =>
    values.flatMap((value, index) =>
      value === usual[index] ? [] : [`${name}${index}=${hex(BigInt(value), digits)}`],
    );
  const [line] = createDisassembler([instruction]).disassemble(bytes, { address: before.address });
  return [
    `${line?.text ?? subject.mnemonic}   [${Buffer.from(bytes).toString("hex")} at ${hex(before.address, 8)}]`,
    `cc=${before.cc} program mask=${before.programMask} fpc=${hex(BigInt(before.fpc), 8)}`,
    different("gr", 16, before.gr, background.gr).join(" "),
    different("fr", 16, before.fr, background.fr).join(" "),
    different("vr", 32, before.vr ?? [], backgroundVectors()).join(" "),
    different("ar", 8, before.ar, background.ar).join(" "),
    ...before.storage.map(({ address, bytes: stored }) => `storage ${hex(address, 8)}: ${shortened(stored)}`),
  ].filter((line) => line !== "");
}

function shortened(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 48)).toString("hex");
  return bytes.length > 48 ? `${shown}... (${bytes.length} bytes)` : shown;
}
