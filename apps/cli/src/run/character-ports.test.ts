import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, expect, test } from "vitest";
import type { CharacterDevice } from "../qemu/character-device.ts";
import { openPorts } from "./character-ports.ts";

const directory = mkdtempSync(join(tmpdir(), "lockframe-ports-"));
afterAll(() => rmSync(directory, { recursive: true }));

const noMonitor = (): Promise<string> => Promise.resolve("");
const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };

test("a file keeps what the guest wrote, anew or appended", () => {
  const path = join(directory, "console");
  for (const append of [false, true, true]) {
    const devices = new Map<string, CharacterDevice>([["c", { backend: "file", path, append }]]);
    const { ports, close } = openPorts(devices, streams, () => undefined, noMonitor);
    const port = ports.get("c");
    expect(port?.write(Buffer.from("line\n"))).toBe(true);
    expect([port?.interactive, port?.waiting, port?.read(1)]).toEqual([false, 0, new Uint8Array(0)]);
    close();
    close();
  }
  expect(readFileSync(path, "utf8")).toBe("line\nline\nline\n");
});

test("a file that cannot be written is refused by name", () => {
  const device: CharacterDevice = { backend: "file", path: join(directory, "no", "such"), append: false };
  const open = (): unknown => openPorts(new Map([["c", device]]), streams, () => undefined, noMonitor);
  expect(open).toThrow(
    expect.objectContaining({ code: "LF-CHARDEV-003", message: expect.stringContaining("no/such") }),
  );
});

test("stdio serves one console", () => {
  const stdio: CharacterDevice = { backend: "stdio", escapes: true };
  const devices = new Map([
    ["a", stdio],
    ["b", stdio],
  ]);
  expect(() => openPorts(devices, streams, () => undefined, noMonitor)).toThrow(
    expect.objectContaining({ code: "LF-CHARDEV-004" }),
  );
});
