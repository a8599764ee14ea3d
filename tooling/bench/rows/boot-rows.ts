/** Rows that come from booting the Debian kernel to a shell prompt. */
import type { BenchContext, Side } from "../bench-context.ts";
import type { Boot } from "../boots.ts";
import { type Direction, type Figure, figureOf, median } from "../figure.ts";
import type { Row } from "./row.ts";

const bootRow = (
  name: string,
  unit: string,
  better: Direction,
  side: Side,
  valueOf: (boot: Boot) => number,
  peerSide: Side = "qemu",
  need?: number,
): Row => ({
  name,
  async measure(context: BenchContext): Promise<Figure> {
    const ours = await context.boots(side);
    const peer = await context.boots(peerSide);
    const note = [ours.failure, peer.failure].filter((text) => text !== undefined).join("; ");
    const whose = peerSide === "qemu" ? "peer: qemu-system-s390x" : `peer: our own ${peerSide} boot`;
    return {
      ...figureOf(name, unit, better, ours.boots.map(valueOf), peer.boots.map(valueOf), note || whose),
      ...(need !== undefined && { need }),
    };
  },
});

const mebibytes = (boot: Boot): number => boot.peakMemory / 2 ** 20;
const idlePercent = (boot: Boot): number => boot.idleShare * 100;

export const bootRows: readonly Row[] = [
  bootRow("prompt-plain", "s", "less", "plain", (boot) => boot.secondsToPrompt, "qemu", 0.8),
  bootRow("prompt-protected", "s", "less", "protected", (boot) => boot.secondsToPrompt, "plain", 1 / 1.2),
  bootRow("prompt-cpu", "s", "less", "plain", (boot) => boot.cpuSecondsToPrompt),
  bootRow("peak-memory-plain", "MiB", "less", "plain", mebibytes),
  bootRow("peak-memory-protected", "MiB", "less", "protected", mebibytes),
  bootRow("idle-cpu", "% of a core", "less", "plain", idlePercent, "qemu", 1),
];

/** Guest instructions in the whole run, as `--stats` prints them. */
const instructionsOf = (boot: Boot): number =>
  Number(/^instructions\s+([\d,]+)/m.exec(boot.output)?.[1]?.replaceAll(",", "") ?? Number.NaN);
/** Millions of instructions in a second that was not idle. */
const busyRateOf = (boot: Boot): number =>
  Number(/^instructions per busy second\s+([\d.]+) M/m.exec(boot.output)?.[1] ?? Number.NaN);

/**
 * Speed of the interpreter on the boot. QEMU does not count instructions: its figure takes ours for the same boot and
 * the CPU time of its process.
 */
export const speedRow: Row = {
  name: "instructions",
  async measure(context) {
    const ours = await context.boots("plain");
    const peer = await context.boots("qemu");
    const total = median(ours.boots.map(instructionsOf)) ?? Number.NaN;
    const failure = [ours.failure, peer.failure].filter((text) => text !== undefined).join("; ");
    return figureOf(
      "instructions",
      "M/s",
      "more",
      ours.boots.map(busyRateOf),
      peer.boots.map((boot) => total / boot.cpuSeconds / 1e6),
      failure || "peer: qemu-system-s390x, our count over its CPU time",
    );
  },
};
