/** The message-security assist: ciphers, digests and random numbers. Principles of Operation, "General Instructions". */
import {
  type Effects,
  type I32,
  type Instruction,
  I32 as Number32,
  RRE,
  RRE0,
  RRFb3,
  call,
  cc,
  hostRoutine,
  insn,
  recognise,
} from "../dsl/index.ts";

interface Registers {
  readonly r1: I32;
  readonly r2: I32;
}

/** Even-odd pairs, or addresses, that may not be in general register 0. */
function operands(...registers: I32[]): void {
  recognise.even(...registers);
  for (const register of registers) recognise.specification(register.isZero());
}

const both = (name: string) => {
  const routine = hostRoutine(name, "i32", "i32");
  return ({ r1, r2 }: Registers): Effects => {
    operands(r1, r2);
    return [cc.set(call(routine, r1, r2))];
  };
};
/** The first operand is the parameter block alone. */
const second = (name: string) => {
  const routine = hostRoutine(name, "i32", "i32");
  return ({ r2 }: Registers): Effects => {
    operands(r2);
    return [cc.set(call(routine, Number32.of(0), r2))];
  };
};

const assist = { facility: 17 };
const extension4 = { facility: 77 };
const withCounter = hostRoutine("cipherMessageWithCounter", "i32", "i32", "i32");
const withAuthentication = hostRoutine("cipherWithAuthentication", "i32", "i32", "i32");
const keyManagement = hostRoutine("manageKeys");
const computation = hostRoutine("performComputation");

export const messageSecurity: readonly Instruction[] = [
  insn("KM", RRE(0xb92e), "CIPHER MESSAGE", both("cipherMessage"), assist),
  insn("KMC", RRE(0xb92f), "CIPHER MESSAGE WITH CHAINING", both("cipherMessageWithChaining"), assist),
  insn(
    "KIMD",
    RRE(0xb93e),
    "COMPUTE INTERMEDIATE MESSAGE DIGEST",
    second("computeIntermediateDigest"),
    assist,
  ),
  insn("KLMD", RRE(0xb93f), "COMPUTE LAST MESSAGE DIGEST", second("computeLastDigest"), assist),
  insn(
    "KMAC",
    RRE(0xb91e),
    "COMPUTE MESSAGE AUTHENTICATION CODE",
    second("computeAuthenticationCode"),
    assist,
  ),
  insn(
    "KMF",
    RRE(0xb92a),
    "CIPHER MESSAGE WITH CIPHER FEEDBACK",
    both("cipherMessageWithFeedback"),
    extension4,
  ),
  insn(
    "KMO",
    RRE(0xb92b),
    "CIPHER MESSAGE WITH OUTPUT FEEDBACK",
    both("cipherMessageWithOutputFeedback"),
    extension4,
  ),
  insn(
    "KMCTR",
    RRFb3(0xb92d),
    "CIPHER MESSAGE WITH COUNTER",
    ({ r1, r2, r3 }) => {
      operands(r1, r2, r3);
      return [cc.set(call(withCounter, r1, r2, r3))];
    },
    extension4,
  ),
  insn(
    "PCC",
    RRE0(0xb92c),
    "PERFORM CRYPTOGRAPHIC COMPUTATION",
    () => [cc.set(call(computation))],
    extension4,
  ),
  insn(
    "PCKMO",
    RRE0(0xb928),
    "PERFORM CRYPTOGRAPHIC KEY MANAGEMENT OPERATION",
    () => {
      call(keyManagement);
      return [];
    },
    { facility: 76, privileged: true },
  ),
  insn(
    "KMA",
    RRFb3(0xb929),
    "CIPHER MESSAGE WITH AUTHENTICATION",
    ({ r1, r2, r3 }) => {
      operands(r1, r2, r3);
      return [cc.set(call(withAuthentication, r1, r2, r3))];
    },
    { facility: 146 },
  ),
  insn("PRNO", RRE(0xb93c), "PERFORM RANDOM NUMBER OPERATION", both("performRandomNumberOperation"), {
    facility: 57,
  }),
];
