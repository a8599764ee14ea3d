import { type Case, type Interruption, type MachineState, type Outcome, windows } from "./case.ts";

/**
 * Makes an outcome of the program interruption that ends every case: at the halfword of zeros where it has landed,
 * at an address without storage where it has gone, or at its own instruction.
 *
 * `state.address` is the instruction address of the old PSW: after the instruction for an operation exception, at
 * the instruction for an access exception.
 */
export function outcomeAt(subject: Case, interruption: Interruption, state: MachineState): Outcome {
  const start = subject.before.address;
  const inProgram = (address: bigint): boolean =>
    address >= start && address < start + BigInt(subject.bytes.length);
  const landing = state.address - 2n;
  switch (interruption.class) {
    case "operation":
      return inProgram(landing) || landing < windows[0].address
        ? { interruption, state }
        : { state: { ...state, address: landing } };
    case "access":
      return inProgram(state.address) ? { interruption, state } : { state };
    default:
      return { interruption, state };
  }
}
