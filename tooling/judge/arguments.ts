import { parseArgs } from "node:util";

/** What `pnpm judge:instructions` was asked for. */
export interface JudgeArguments {
  /** Mnemonics in capitals; none means all. */
  readonly mnemonics: readonly string[];
  readonly cases: number;
  readonly seed: string;
  readonly json: boolean;
  /** Write vector files of this many cases for instructions that pass. */
  readonly vectors: number;
}

export const usage = `usage: pnpm judge:instructions [MNEMONIC...] [--cases N] [--seed S] [--json] [--vectors [N]]

Compares every instruction definition (or the named ones) with qemu-s390x on random operands and edge values.
  --cases N    cases an instruction (2000)
  --seed S     another seed makes other cases ("1")
  --json       one object an instruction, one a line, instead of the report
  --vectors N  write N golden vectors for each instruction that passes`;

/** Arguments, or what is wrong with them. */
export function readArguments(line: readonly string[]): JudgeArguments | { readonly mistake: string } {
  try {
    const { positionals, values } = parseArgs({
      args: [...line],
      allowPositionals: true,
      options: {
        cases: { type: "string", default: "2000" },
        seed: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
        vectors: { type: "string", default: "0" },
      },
    });
    const cases = Number(values.cases);
    const vectors = Number(values.vectors);
    if (!Number.isInteger(cases) || cases < 1 || cases > 1_000_000) {
      return { mistake: `--cases ${values.cases}: not a number from 1 to 1000000` };
    }
    if (!Number.isInteger(vectors) || vectors < 0 || vectors > cases) {
      return { mistake: `--vectors ${values.vectors}: not a number from 0 to ${cases}` };
    }
    const mnemonics = positionals.map((name) => name.toUpperCase());
    return { mnemonics, cases, seed: values.seed, json: values.json, vectors };
  } catch (error) {
    return { mistake: error instanceof Error ? error.message : String(error) };
  }
}
