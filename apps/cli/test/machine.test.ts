import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stage3a, stage3b, writeSeImage } from "@lockframe/secure-image";
import { tinyGuest } from "@lockframe/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockframe } from "../src/testing.ts";
import { CommandProcess, shellCommand } from "./process.ts";

const directory = mkdtempSync(join(tmpdir(), "lockframe-machine-"));
const at = (name: string): string => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

/** A kernel, the same sealed, the host's key, and a key of somebody else. */
beforeAll(async () => {
  const host = generateKeyPairSync("ec", { namedCurve: "secp521r1" });
  const stranger = generateKeyPairSync("ec", { namedCurve: "secp521r1" });
  const pem = { type: "pkcs8", format: "pem" } as const;
  writeFileSync(at("host.key"), host.privateKey.export(pem), { mode: 0o600 });
  writeFileSync(at("open.key"), host.privateKey.export(pem), { mode: 0o644 });
  writeFileSync(at("stranger.key"), stranger.privateKey.export(pem), { mode: 0o600 });
  writeFileSync(at("kernel"), tinyGuest());
  const loaders = { stage3a: stage3a(), stage3b: stage3b() };
  const commandLine = Buffer.from("sealed words");
  const image = await writeSeImage({
    kernel: tinyGuest(),
    cmdline: commandLine,
    hostKeys: [host.publicKey],
    loaders,
  });
  writeFileSync(at("secure.img"), image);
});

const PROTECTED = [
  "-machine",
  "s390-ccw-virtio,confidential-guest-support=pv0",
  "-object",
  "s390-pv-guest,id=pv0",
];

test("a plain guest boots, reads a pipe, and powers off", async () => {
  const outcome = await lockframe(["guest", "hello"], { input: "uv\npoweroff\n" });
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("Lockframe tiny guest") });
  expect(outcome.stdout).toContain("Protected: 0");
  expect(outcome.stdout).toContain("Stopping");
  expect(outcome.stderr).toBe("lockframe: simulation: protects nobody\n");
});

test("the same guest, sealed, boots as a protected one", async () => {
  const outcome = await lockframe(["guest", "hello", "--protected"], { input: "poweroff\n" });
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("Protected: 1") });
});

test("QEMU's command line starts a plain kernel with its command line", async () => {
  const args = ["qemu", "-nographic", "-m", "16M", "-kernel", at("kernel"), "-append", "from outside"];
  const outcome = await lockframe(args, { input: "poweroff\n" });
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("Command line: from outside") });
});

test("QEMU's command line starts a protected machine; -append beside an image is said to have no effect", async () => {
  const args = [
    "qemu",
    ...PROTECTED,
    "-cpu",
    "gen16a,unpack=on",
    "-m",
    "64M",
    "-nographic",
    "--host-key",
    at("host.key"),
  ];
  const outcome = await lockframe([...args, "-kernel", at("secure.img"), "-append", "from outside"], {
    input: "poweroff\n",
  });
  expect(outcome).toMatchObject({
    status: 0,
    stderr: expect.stringContaining("warning: -append has no effect"),
  });
  expect(outcome.stdout).toContain("Command line: sealed words");
  expect(outcome.stdout).toContain("Protected: 1");
});

test("run finds out by itself what an image needs", async () => {
  const outcome = await lockframe(["run", at("secure.img"), "-k", at("host.key"), "--stats"], {
    input: "poweroff\n",
  });
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("Protected: 1") });
  expect(outcome.stderr).toMatch(/^instructions +[\d,]+$/m);
});

test("the demonstration of the tiny guest takes the whole path", async () => {
  const env = { XDG_CACHE_HOME: directory };
  const outcome = await lockframe(["demo", "--tiny"], { env, input: "poweroff\n" });
  expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("Protected: 1") });
  expect(outcome.stderr).toMatch(/the guest is protected: \d+ pages unpacked and verified/);
  expect(outcome.stderr).toContain("What to try next");
});

test("an image for another host is refused by name, and the guest says so", async () => {
  const outcome = await lockframe(["run", at("secure.img"), "--host-key", at("stranger.key")]);
  expect(outcome).toMatchObject({ status: 5, stderr: expect.stringMatching(/LF-[A-Z]+-\d+: .*rc 0x108/) });
  expect(outcome.stdout).not.toContain("Protected: ");
});

test.for([
  [["--host-key", "open.key"], "LF-KEY-003"],
  [["--host-key", "no.key"], "LF-IMAGE-070"],
  [["--host-key", "kernel"], "LF-KEY-00"],
] as const)("%j is refused before anything starts: %s", async ([[option, file], code]) => {
  const outcome = await lockframe(["run", at("secure.img"), option, at(file)]);
  expect(outcome).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining(code) });
});

test("an image that was cut short is refused before anything starts", async () => {
  writeFileSync(at("cut.img"), readFileSync(at("secure.img")).subarray(0, 70_000));
  const outcome = await lockframe(["run", at("cut.img"), "--host-key", at("host.key")]);
  expect(outcome).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("LF-IMAGE-") });
});

test("-no-reboot ends a reboot with a status of its own; otherwise the guest starts again", async () => {
  const args = ["qemu", "-nographic", "-kernel", at("kernel")];
  expect(await lockframe([...args, "-no-reboot"], { input: "reboot\n" })).toMatchObject({ status: 3 });
  const again = await lockframe(args, { input: "reboot\npoweroff\n" });
  expect(again.status).toBe(0);
  expect(again.stdout.split("Lockframe tiny guest")).toHaveLength(3);
});

test("Ctrl-A x ends a run at once", async () => {
  expect(await lockframe(["guest", "hello"], { input: "\x01x" })).toMatchObject({ status: 0 });
});

test("a guest that powers off ends the command though its input stays open", async () => {
  const started = new CommandProcess(["guest", "hello"]);
  await started.sees("guest> ");
  started.type("poweroff\n");
  expect(await started.ended).toMatchObject({ status: 0 });
});

test.for([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends a waiting guest with status %i", async ([signal, status]) => {
  const started = new CommandProcess(["guest", "hello"]);
  await started.sees("guest> ");
  started.child.kill(signal);
  expect(await started.ended).toMatchObject({
    status,
    signal: null,
    stderr: expect.stringContaining(`ended by ${signal}`),
  });
});

test("--timeout ends a waiting guest", async () => {
  const outcome = await lockframe(["guest", "hello", "--timeout", "1s"]);
  expect(outcome).toMatchObject({ status: 124, stdout: expect.stringContaining("guest> ") });
});

test("output that nobody reads ends the run", async () => {
  const started = new CommandProcess(["guest", "hello"]);
  await started.sees("guest> ");
  started.child.stdout.destroy();
  started.type("help\nhelp\nhelp\n");
  expect(await started.ended).toMatchObject({ status: 141 });
});

test("a console can be a file", async () => {
  const outcome = await lockframe([
    "qemu",
    "-kernel",
    at("kernel"),
    "-serial",
    `file:${at("console")}`,
    "--timeout",
    "2s",
  ]);
  expect(outcome).toMatchObject({ status: 124, stdout: "" });
  expect(readFileSync(at("console"), "utf8")).toContain("guest> ");
});

const hasScript = spawnSync("script", ["--version"]).status === 0;

test.skipIf(!hasScript)(
  "a terminal is raw while the guest runs and is put back (needs script of util-linux)",
  async () => {
    const line = `stty -a; ${shellCommand} guest hello; stty -a`;
    const started = new CommandProcess(["-qec", line, "/dev/null"], "script");
    await started.sees("guest> ");
    started.type("\x03uv\n");
    await started.sees("no Ultravisor calls");
    started.type("\x01x");
    const { stdout } = await started.ended;
    const settings = [...stdout.matchAll(/ (-?icanon) | (-?echo) /g)].map(([setting]) => setting.trim());
    expect(settings).toEqual(["icanon", "echo", "icanon", "echo"]);
    expect(stdout).toContain("guest> uv");
  },
);
