import type { BenchContext } from "../bench-context.ts";
import type { Figure } from "../figure.ts";

/** A figure that the bench can measure. */
export interface Row {
  /** As on the command line: "prompt-plain". */
  readonly name: string;
  /** The group that it can be asked for with. */
  readonly group?: string;
  measure(context: BenchContext): Promise<Figure>;
}
