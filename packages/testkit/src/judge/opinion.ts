import type { Case, Interruption, Outcome } from "./case.ts";

/** The judge said nothing usable about a case: it hung, crashed or lost the registers. */
export interface Silence {
  readonly silence: string;
}

/** The architecture does not say what becomes of this case. */
export interface Open {
  readonly open: true;
}

/** An opinion on a case. `state` lacks when the judge stopped at an interruption that it cannot deliver. */
export type Opinion = Outcome | Silence | Open | { readonly interruption: Interruption };

/** Somebody with an opinion of their own on what instructions do. */
export interface Judge {
  /** Such as "qemu-s390x 7.2.22"; vectors name it. */
  readonly version: string;
  /** One opinion a case, in order. */
  judge(cases: readonly Case[]): Promise<Opinion[]>;
}
