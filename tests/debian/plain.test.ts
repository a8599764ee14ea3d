/** Debian's kernel without protection: its userland at work on two CPUs, and how it ends. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bashGuest, describeWith } from "../support/debian-guest.ts";
import { GuestShell } from "../support/guest-shell.ts";
import { findInStorage } from "../support/host-search.ts";
import { type RunningMachine, startMachine } from "../support/running-machine.ts";

const MINUTES = 60_000;
vi.setConfig({ testTimeout: 3 * MINUTES });
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const lines = (count: number): string => Array.from({ length: count }, (_, n) => `${n + 1}\n`).join("");

describeWith("a Debian kernel with bash, coreutils and busybox", await bashGuest(), (parts) => {
  let guest: RunningMachine;
  let shell: GuestShell;

  beforeAll(async () => {
    guest = await startMachine({
      ...parts(),
      commandLine: "console=ttysclp0 quiet cryptomgr.notests sealed.word=canary-of-the-command-line",
      changes: { cpus: { count: 2 }, storage: { size: "512MiB" } },
    });
    shell = await GuestShell.at(guest);
  }, 5 * MINUTES);
  afterAll(() => guest?.[Symbol.asyncDispose]());

  test("it knows what it runs on", async () => {
    expect(await shell.run("uname -srm")).toMatch(/^Linux 6\.12\.\S+ s390x$/);
    expect(await shell.run("cat /proc/version")).toContain("debian");
    const cpus = await shell.run("cat /proc/cpuinfo");
    expect(cpus).toContain("vendor_id       : IBM/S390");
    expect(cpus).toContain("# processors    : 2");
    expect(await shell.run("cat /sys/devices/system/cpu/online")).toBe("0-1");
    expect(await shell.run("nproc")).toBe("2");
    expect(await shell.run("[ -e /sys/firmware/uv ] || echo none")).toBe("none");
  });

  test("its log has nothing to complain of", async () => {
    expect(await shell.run("dmesg | grep -i -E 'panic|bug:|oops|warning|unable to handle' || true")).toBe("");
  });

  test("arithmetic, fixed and floating", async () => {
    expect(await shell.run("echo $((2**62 / 7)) $((-17 % 5)) $((0xffff ^ 0x1234))")).toBe(
      "658812288346769700 -2 60875",
    );
    expect(
      await shell.run("awk 'BEGIN { print 22/7, 1e300*1e10, int(-3.7), 9007199254740993, 1/3*3 == 1 }'"),
    ).toBe("3.14286 inf -3 9007199254740992 1");
    expect(await shell.run("printf '%.10f %e %g %.0f\\n' 3.14159265358979 2.718281828e10 1e-300 2.5")).toBe(
      "3.1415926536 2.718282e+10 1e-300 2",
    );
    expect(await shell.run("seq 0 .25 1 | tr '\\n' ' '")).toBe("0.00 0.25 0.50 0.75 1.00 ");
    expect(await shell.run("factor 18446744073709551617 123456789012345")).toBe(
      "18446744073709551617: 274177 67280421310721\n123456789012345: 3 5 283 3851 7552031",
    );
  });

  test("digests of known data", async () => {
    expect(await shell.run("seq 1 1000 | sha256sum")).toBe(`${sha256(lines(1000))}  -`);
    expect(await shell.run("seq 1 1000 | busybox sha256sum")).toBe(`${sha256(lines(1000))}  -`);
    const sha512 = createHash("sha512").update(lines(1000)).digest("hex");
    expect(await shell.run("seq 1 1000 | sha512sum")).toBe(`${sha512}  -`);
    const zeros = createHash("sha1")
      .update(Buffer.alloc(1 << 20))
      .digest("hex");
    expect(await shell.run("dd if=/dev/zero bs=4k count=256 2>/dev/null | sha1sum")).toBe(`${zeros}  -`);
    const md5 = createHash("md5").update(lines(1000)).digest("hex");
    expect(await shell.run("seq 1 1000 | md5sum")).toBe(`${md5}  -`);
  });

  test("files through tar, gzip, base64, sort and tr", async () => {
    await shell.run(
      "mkdir /tmp/a && seq 1 2000 > /tmp/a/numbers && head -c 200000 /usr/bin/bash > /tmp/a/bash",
    );
    await shell.run("cd /tmp && busybox tar -czf a.tar.gz a && mv a b && busybox tar -xzf a.tar.gz && cd -");
    expect(
      await shell.run("cmp /tmp/a/bash /tmp/b/bash && cmp /tmp/a/numbers /tmp/b/numbers && echo same"),
    ).toBe("same");
    const random = "--random-source=/usr/bin/bash";
    expect(await shell.run(`sort -R ${random} /tmp/a/numbers | sort -n | sha256sum`)).toBe(
      `${sha256(lines(2000))}  -`,
    );
    expect(
      await shell.run("head -c 3000 /usr/bin/bash | base64 | base64 -d | cmp -n 3000 - /usr/bin/bash"),
    ).toBe("");
    expect(await shell.run("echo 'hello world' | tr a-z A-Z | busybox rev")).toBe("DLROW OLLEH");
  });

  test("processes", async () => {
    expect(await shell.run("for i in $(seq 1 40); do (exit $((i % 3))); n=$((n + $?)); done; echo $n")).toBe(
      "40",
    );
    expect(await shell.run("i=0; while [ $i -lt 20 ]; do busybox true && i=$((i + 1)); done; echo $i")).toBe(
      "20",
    );
    expect(await shell.run("(sleep 0.3; echo late) & echo early; wait")).toMatch(/early\n[^]*late/);
    expect(
      await shell.run(
        "taskset 1 true 2>/dev/null; busybox taskset -c 1 sh -c 'cut -d\" \" -f39 /proc/self/stat'",
      ),
    ).toBe("1");
    expect(await shell.run("trap 'echo caught' USR1; kill -USR1 $$; trap - USR1")).toBe("caught");
  });

  test("time passes as on the host", async () => {
    const guestSeconds = Number(await shell.run("date +%s"));
    expect(Math.abs(guestSeconds - Date.now() / 1000)).toBeLessThan(60);
    const began = performance.now();
    await shell.run("sleep 1");
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  test("keys reach a guest that is busy", async () => {
    guest.type("while :; do :; done\n");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    guest.type("\x03");
    expect(await shell.run("while :; do :; done & echo and on")).toContain("and on");
    expect(await shell.run("kill $!")).toBe("");
  });

  test("nothing of it is hidden from the host", async () => {
    await shell.run("x=canary-of; export user=$x-a-process; sleep 1000 & true");
    const canaries = ["canary-of-the-command-line", "canary-of-a-process"];
    expect(findInStorage(guest.machine.storage, canaries)).toEqual(canaries);
  });

  test("while its shell waits it sleeps", async () => {
    const before = guest.machine.stats();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(guest.machine.stats().idleMs - before.idleMs).toBeGreaterThan(500);
  });

  test("a panic ends in a disabled wait", async () => {
    guest.console.type("echo c > /proc/sysrq-trigger\n");
    expect(await guest.stopped).toMatchObject({ kind: "disabled-wait" });
    expect(guest.console.text).toMatch(/Kernel panic - not syncing: sysrq triggered crash/);
  }, 60_000);
});
