/** `pnpm nightly:durability [KILLS]`: kills a machine at random moments while its guest writes; 50 times, half on qcow2. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explained } from "@lockframe/testkit";
import { killWhileWriting, prepareWriter } from "./durability.ts";

async function main(kills: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-durability-"));
  try {
    const guest = await prepareWriter(folder);
    let [acknowledged, faulty] = [0, 0];
    for (let kill = 1; kill <= kills; kill += 1) {
      const format = kill % 2 === 0 ? "qcow2" : "raw";
      const outcome = await killWhileWriting(guest, format, folder, Math.random);
      acknowledged += outcome.acknowledged;
      if (outcome.losses.length > 0) faulty += 1;
      console.log(
        `${kill}: ${format}, ${outcome.acknowledged} files safe, ${outcome.losses.join("; ") || "all there"}`,
      );
    }
    console.log(`${kills} kills, ${acknowledged} files said to be safe, ${faulty} kills with losses`);
    return faulty === 0 && acknowledged > 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const kills = explained("usage: pnpm nightly:durability [KILLS]", () => {
  const wanted = Number(process.argv[2] ?? "50");
  if (!Number.isInteger(wanted) || wanted < 1) throw new Error(`${process.argv[2]} is no such number`);
  return wanted;
});
process.exitCode = await main(kills);
