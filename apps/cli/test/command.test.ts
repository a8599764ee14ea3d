import { expect, test } from "vitest";
import { command, CommandProcess } from "./process.ts";

test("--version is the version", async () => {
  expect(await command(["--version"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
});

test("errors go to stderr with code and hint, and become the exit status", async () => {
  const outcome = await command(["qemu", "-machine", "confidential-guest-support=pv0", "-kernel", "x"]);
  expect(outcome).toMatchObject({
    status: 1,
    stdout: "",
    stderr:
      "lockframe: LF-QEMU-008: -machine confidential-guest-support=pv0: Device 'pv0' not found\n" +
      "hint: Add `-object s390-pv-guest,id=pv0`.\n",
  });
});

test("wrong usage is status 2", async () => {
  expect(await command(["run"])).toMatchObject({ status: 2, stdout: "" });
});

test("shell completion: a script, profiles of run, options of qemu, verbs", async () => {
  const script = await command(["completion", "bash"]);
  expect(script).toMatchObject({ status: 0, stdout: expect.stringContaining("lockframe complete --") });
  expect((await command(["complete", "--", "run", "z16"])).stdout).toContain("z16-pvm\tmachine profile");
  expect((await command(["complete", "--", "qemu", "--nog"])).stdout).toContain("--nographic\t");
  expect((await command(["complete", "--", "gen"])).stdout).toContain("genprotimg\t");
});

test("an output that nobody reads any more is no reason for a message", async () => {
  const listing = new CommandProcess(["guest", "gaps"]);
  listing.child.stdout.destroy();
  expect(await listing.ended).toMatchObject({ status: 141, stderr: "" });
});
