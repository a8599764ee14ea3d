/** What may be written in front of operands: mnemonics of the list, and extended mnemonics derived from it. */
import type { Format, OperandSyntax } from "@lockframe/architecture";
import type { FieldValues, InstructionEncoding } from "./encoding.ts";

/** A mnemonic as an assembler knows it: an instruction some of whose fields may already be settled. */
export interface Form {
  /** Lower case. */
  readonly name: string;
  readonly encoding: InstructionEncoding;
  /** Fields that the name itself settles: the mask of an extended mnemonic. */
  readonly settled: FieldValues;
  readonly syntax: readonly OperandSyntax[];
  /** Operands beyond this number may be left out. */
  readonly required: number;
}

/** Conditions of branches and of load/store on condition. The first name of a mask is the one that disassembly uses. */
const branchConditions: readonly (readonly [suffix: string, mask: number])[] = [
  ["o", 1],
  ["h", 2],
  ["p", 2],
  ["nle", 3],
  ["l", 4],
  ["m", 4],
  ["nhe", 5],
  ["lh", 6],
  ["ne", 7],
  ["nz", 7],
  ["e", 8],
  ["z", 8],
  ["nlh", 9],
  ["he", 10],
  ["nl", 11],
  ["nm", 11],
  ["le", 12],
  ["nh", 13],
  ["np", 13],
  ["no", 14],
];

/** Conditions of compare-and-branch and compare-and-trap, which have no condition code 3. */
const compareConditions: readonly (readonly [suffix: string, mask: number])[] = [
  ["h", 2],
  ["nle", 2],
  ["l", 4],
  ["nhe", 4],
  ["ne", 6],
  ["lh", 6],
  ["e", 8],
  ["nlh", 8],
  ["nl", 10],
  ["he", 10],
  ["nh", 12],
  ["le", 12],
];

interface Family {
  /** Mnemonics of the list that the rule applies to. */
  readonly of: readonly string[];
  /** The extended name of a condition. */
  readonly name: (mnemonic: string, suffix: string) => string;
  readonly conditions: readonly (readonly [suffix: string, mask: number])[];
  /** Names for the masks that always and never branch. */
  readonly always?: readonly string[];
  readonly never?: string;
}

const words = (text: string): string[] => text.split(" ");
const suffixed = (mnemonic: string, suffix: string): string => mnemonic.toLowerCase() + suffix;

const families: readonly Family[] = [
  {
    of: ["BC"],
    name: (_, suffix) => `b${suffix}`,
    conditions: branchConditions,
    always: ["b"],
    never: "nop",
  },
  {
    of: ["BCR"],
    name: (_, suffix) => `b${suffix}r`,
    conditions: branchConditions,
    always: ["br"],
    never: "nopr",
  },
  {
    of: ["BRC"],
    name: (_, suffix) => `j${suffix}`,
    conditions: branchConditions,
    always: ["j", "bru"],
    never: "jnop",
  },
  {
    of: ["BRCL"],
    name: (_, suffix) => `jg${suffix}`,
    conditions: branchConditions,
    always: ["jg", "brul"],
    never: "jgnop",
  },
  {
    of: words(
      "CRJ CGRJ CLRJ CLGRJ CIJ CGIJ CLIJ CLGIJ CRB CGRB CLRB CLGRB CIB CGIB CLIB CLGIB " +
        "CRT CGRT CLRT CLGRT CIT CGIT CLFIT CLGIT CLT CLGT",
    ),
    name: suffixed,
    conditions: compareConditions,
  },
  {
    of: words("LOC LOCG LOCR LOCGR LOCHI LOCGHI LOCHHI LOCFH LOCFHR STOC STOCG STOCFH SELR SELGR SELFHR BI"),
    name: suffixed,
    conditions: branchConditions,
  },
];

/** Other names for the same instruction. */
const aliases: Readonly<Record<string, string>> = {
  jc: "BRC",
  jgc: "BRCL",
  jas: "BRAS",
  jasl: "BRASL",
  jct: "BRCT",
  jctg: "BRCTG",
  jxh: "BRXH",
  jxle: "BRXLE",
  jxhg: "BRXHG",
  jxleg: "BRXLG",
};

/** All forms of a list of instructions, by lower-case name; the list's own mnemonics win over derived ones. */
export function formsOf(encodings: readonly InstructionEncoding[]): ReadonlyMap<string, Form> {
  const byMnemonic = new Map(encodings.map((encoding) => [encoding.mnemonic.toUpperCase(), encoding]));
  const forms = new Map<string, Form>();
  const add = (form: Form): void => {
    if (!forms.has(form.name)) forms.set(form.name, form);
  };
  for (const encoding of encodings) add(plainForm(encoding.mnemonic.toLowerCase(), encoding));
  for (const [name, mnemonic] of Object.entries(aliases)) {
    const encoding = byMnemonic.get(mnemonic);
    if (encoding !== undefined) add(plainForm(name, encoding));
  }
  for (const family of families) {
    for (const mnemonic of family.of) {
      const encoding = byMnemonic.get(mnemonic);
      if (encoding !== undefined) extendedForms(family, encoding).forEach(add);
    }
  }
  return forms;
}

function plainForm(name: string, encoding: InstructionEncoding): Form {
  const { syntax } = encoding.format;
  return { name, encoding, settled: {}, syntax, required: requiredOperands(syntax) };
}

function extendedForms(family: Family, encoding: InstructionEncoding): Form[] {
  const mask = maskField(encoding.format);
  if (mask === undefined) return [];
  const syntax = encoding.format.syntax.filter(
    (operand) => operand.kind !== "field" || operand.field !== mask,
  );
  const settle = (name: string, value: number, required = requiredOperands(syntax)): Form => ({
    name,
    encoding,
    settled: { [mask]: value },
    syntax,
    required,
  });
  const named = family.conditions.map(([suffix, value]) =>
    settle(family.name(encoding.mnemonic, suffix), value),
  );
  const always = (family.always ?? []).map((name) => settle(name, 15));
  // A no-operation may do without its operand.
  const never = family.never === undefined ? [] : [settle(family.never, 0, 0)];
  return [...named, ...always, ...never];
}

/** The mask that an extended mnemonic settles: a format has one, or it is the last (SELR's M4). */
function maskField(format: Format): string | undefined {
  return format.fields.findLast((field) => field.kind === "m")?.name;
}

function requiredOperands(syntax: readonly OperandSyntax[]): number {
  const lastRequired = syntax.findLastIndex(
    (operand) => operand.kind !== "field" || operand.optional !== true,
  );
  return lastRequired + 1;
}
