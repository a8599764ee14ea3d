/** The short form of `pnpm nightly:disk`: real zipl in the machine, and a boot from what it made. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUnavailable } from "@lockframe/debian";
import { expect, it } from "vitest";
import { bootSmallDisk, type DiskSteps, type InstalledDisk, installSmallDisk } from "./boot-disk.ts";
import { hasE2fsprogs } from "./ext4-image.ts";

it(
  "a disk that zipl made bootable inside the machine boots, and stays clean",
  { timeout: 900_000 },
  async ({ skip }) => {
    if (!hasE2fsprogs()) skip("e2fsprogs are not installed here");
    const folder = mkdtempSync(join(tmpdir(), "lockframe-disk-"));
    const said: string[] = [];
    const steps: DiskSteps = { folder, log: (text) => said.push(text) };
    try {
      let disk: InstalledDisk;
      try {
        disk = await installSmallDisk(steps);
      } catch (error) {
        if (isUnavailable(error)) skip("Debian's packages cannot be fetched here");
        throw error;
      }
      await bootSmallDisk(disk, { loader: "embedded", entry: "plain" }, steps);
      expect(said.some((line) => line.includes("root is read-only"))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
