import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUnavailable } from "@lockframe/debian";
import { expect, it } from "vitest";
import { killWhileWriting, prepareWriter, type WriterGuest } from "./durability.ts";
import { hasE2fsprogs } from "./ext4-image.ts";

it(
  "nothing that a guest was told to be safe is lost when its machine is killed",
  { timeout: 600_000 },
  async ({ skip }) => {
    if (!hasE2fsprogs()) skip("e2fsprogs are not installed here");
    const folder = mkdtempSync(join(tmpdir(), "lockframe-durability-"));
    try {
      let guest: WriterGuest;
      try {
        guest = await prepareWriter(folder);
      } catch (error) {
        if (isUnavailable(error)) skip("Debian's packages cannot be fetched here");
        throw error;
      }
      for (const format of ["raw", "qcow2"] as const) {
        const { acknowledged, losses } = await killWhileWriting(guest, format, folder, Math.random);
        expect(losses, format).toEqual([]);
        expect(acknowledged).toBeGreaterThan(0);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
