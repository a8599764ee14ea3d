/** Rows that come from booting the Debian kernel to a shell prompt. */
import type { BenchContext, Side } from "../bench-context.ts";
import type { Boot } from "../boots.ts";
import { type Direction, type Figure, figureOf } from "../figure.ts";
import type { Row } from "./row.ts";

const bootRow = (
  name: string,
  unit: string,
  better: Direction,
  side: Side,
  valueOf: (boot: Boot) => number,
): Row => ({
  name,
  async measure(context: BenchContext): Promise<Figure> {
    const ours = await context.boots(side);
    const peer = await context.boots("qemu");
    const note = [ours.failure, peer.failure].filter((text) => text !== undefined).join("; ");
    return figureOf(
      name,
      unit,
      better,
      ours.boots.map(valueOf),
      peer.boots.map(valueOf),
      note || "peer: qemu-system-s390x",
    );
  },
});

const mebibytes = (boot: Boot): number => boot.peakMemory / 2 ** 20;
const idlePercent = (boot: Boot): number => boot.idleShare * 100;

export const bootRows: readonly Row[] = [
  bootRow("prompt-plain", "s", "less", "plain", (boot) => boot.secondsToPrompt),
  bootRow("prompt-protected", "s", "less", "protected", (boot) => boot.secondsToPrompt),
  bootRow("peak-memory-plain", "MiB", "less", "plain", mebibytes),
  bootRow("peak-memory-protected", "MiB", "less", "protected", mebibytes),
  bootRow("idle-cpu", "% of a core", "less", "plain", idlePercent),
];
