/** Debian's own kernel, plain and protected. Skipped only where it cannot be had. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DebianArchive, type DemoParts, fetchDemoParts, isUnavailable } from "@lockframe/debian";
import { afterAll, beforeAll, expect, test } from "vitest";
import { command } from "./process.ts";

const directory = mkdtempSync(join(tmpdir(), "lockframe-debian-"));
afterAll(() => rmSync(directory, { recursive: true }));

const MINUTES = 60_000;
let parts: DemoParts | undefined;
let unavailable = "";

beforeAll(async () => {
  try {
    parts = await fetchDemoParts(new DebianArchive());
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    unavailable = error instanceof Error ? error.message : String(error);
  }
}, 10 * MINUTES);

test(
  "the demonstration boots Debian's kernel as a protected machine",
  { timeout: 10 * MINUTES },
  async (context) => {
    if (parts === undefined) return context.skip(unavailable);
    const outcome = await command(
      ["demo", "--timeout", "9m"],
      "cat /sys/firmware/uv/prot_virt_guest\npoweroff -f\n",
    );
    expect(outcome).toMatchObject({ status: 0, stdout: expect.stringMatching(/prot_virt_guest\r?\n1\r?\n/) });
    expect(outcome.stderr).toMatch(/the guest is protected: \d+ pages unpacked and verified/);
  },
);

test(
  "QEMU's command line boots the same kernel without protection",
  { timeout: 10 * MINUTES },
  async (context) => {
    if (parts === undefined) return context.skip(unavailable);
    const [kernel, initrd] = [join(directory, "vmlinuz"), join(directory, "initrd")];
    writeFileSync(kernel, parts.kernel.bytes);
    writeFileSync(initrd, parts.initramfs);
    const args = [
      "-m",
      "512",
      "-nographic",
      "-kernel",
      kernel,
      "-initrd",
      initrd,
      "-append",
      "console=ttysclp0 canary=1",
    ];
    const input = "cat /proc/cmdline\ncat /sys/firmware/uv/prot_virt_guest\nreboot -f\n";
    const outcome = await command(["qemu", ...args, "-no-reboot", "--timeout", "9m"], input);
    expect(outcome).toMatchObject({
      status: 3,
      stdout: expect.stringContaining(`Linux ${parts.kernel.release} s390x`),
    });
    expect(outcome.stdout).toContain("machine without protection");
    expect(outcome.stdout).toMatch(/cat \/proc\/cmdline\r?\nconsole=ttysclp0 canary=1/);
  },
);
