/** Every instruction of z/Architecture, up to the machines of generation 16, that has no definition here. */
import { floatingPointGaps } from "./floating-point.ts";
import type { Gap } from "./gap.ts";
import { generalAndControlGaps } from "./general-and-control.ts";
import { vectorGaps } from "./vector.ts";

export type { Gap } from "./gap.ts";

export const gaps: readonly Gap[] = [...generalAndControlGaps, ...floatingPointGaps, ...vectorGaps];
