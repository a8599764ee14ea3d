/** ADD and its relatives. Principles of Operation, "General Instructions". */
import type { Effects } from "../dsl/index.ts";
import { I32, I64, RIa, RRE, RRFa, RXYa, cc, gr, insn, program, share, storage } from "../dsl/index.ts";

type Register = ReturnType<typeof gr>;

/** ADD (64). CC: 0 zero, 1 negative, 2 positive, 3 overflow. */
function add64(to: Register, a: I64, b: I64): Effects {
  const sum = share(a.add(b));
  const overflow = share(a.xor(sum).and(b.xor(sum)).isNegative());
  return [to.set(sum), cc.signedOrOverflow(sum, overflow), program.fixedPointOverflow(overflow)];
}

export const add = [
  insn("AGR", RRE(0xb908), "ADD", ({ r1, r2 }) => add64(gr(r1), gr(r1).value, gr(r2).value)),
  insn("AGRK", RRFa(0xb9e8), "ADD", ({ r1, r2, r3 }) => add64(gr(r1), gr(r2).value, gr(r3).value), {
    facility: 45,
  }),
  insn("AG", RXYa(0xe308), "ADD", ({ r1, s2 }) => add64(gr(r1), gr(r1).value, storage(s2).fetch64())),
  insn("AGHI", RIa(0xa70b), "ADD HALFWORD IMMEDIATE", ({ r1, i2 }) => add64(gr(r1), gr(r1).value, i2)),
];
void I32;
