/** The instruction list: every definition, in the order of its family. */
import type { Instruction } from "../dsl/index.ts";
import { addition, division, interlockedAccess, multiplication, subtraction } from "./arithmetic.ts";
import { binaryFloatingPoint } from "./binary-floating-point.ts";
import { blocks, decimals, hints } from "./blocks.ts";
import { branches, compareAndBranch, compares, swaps } from "./compare-and-branch.ts";
import { control } from "./control.ts";
import { floatingPointSupport } from "./floating-point-support.ts";
import { inserts, loads, multiples, stores } from "./loads.ts";
import { logic } from "./logic.ts";
import { messageSecurity } from "./message-security.ts";
import { vectorFloatingPoint } from "./vector-floating-point.ts";
import { vectorInteger } from "./vector-integer.ts";
import { vectorReversed } from "./vector-reversed.ts";
import { vectorString } from "./vector-string.ts";
import { vectorSupport } from "./vector-support.ts";

export const instructions: readonly Instruction[] = [
  ...loads,
  ...stores,
  ...multiples,
  ...inserts,
  ...addition,
  ...subtraction,
  ...multiplication,
  ...division,
  ...interlockedAccess,
  ...logic,
  ...compares,
  ...compareAndBranch,
  ...branches,
  ...swaps,
  ...blocks,
  ...decimals,
  ...hints,
  ...control,
  ...messageSecurity,
  ...floatingPointSupport,
  ...binaryFloatingPoint,
  ...vectorSupport,
  ...vectorInteger,
  ...vectorString,
  ...vectorFloatingPoint,
  ...vectorReversed,
];
