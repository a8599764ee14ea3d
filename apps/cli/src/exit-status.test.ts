import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Stop } from "@lockframe/plugin-api";
import { expect, test } from "vitest";
import { exitOf, exitStatus, exitStatusPage } from "./exit-status.ts";
import { describeStop } from "./run/stop-report.ts";

const page = fileURLToPath(new URL("../../../docs/exit-status.md", import.meta.url));

test("docs/exit-status.md is the table", () => {
  expect(readFileSync(page, "utf8").replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---")).toBe(
    exitStatusPage(),
  );
});

test("statuses are distinct and fit a byte", () => {
  const statuses = Object.values(exitStatus).map(({ status }) => status);
  expect(new Set(statuses).size).toBe(statuses.length);
  expect(statuses.every((status) => status >= 0 && status < 256)).toBe(true);
});

const stops: readonly (readonly [Stop, number, RegExp | undefined])[] = [
  [{ kind: "powered-off" }, 0, undefined],
  [{ kind: "watchdog" }, 8, /watchdog ran out/],
  [
    { kind: "ipl-failed", code: "LF-IPL-001", message: "there is nothing to boot", hint: "h" },
    1,
    /LF-IPL-001: there is nothing to boot/,
  ],
  [{ kind: "rebooted" }, 3, /asked for a reboot/],
  [{ kind: "disabled-wait", cpu: 0, address: 0xdeadn }, 4, /disabled wait, code 0xdead/],
  [
    { kind: "interruption-loop", cpu: 1, class: "program", address: 0n },
    4,
    /CPU 1 loops in program interruptions/,
  ],
  [{ kind: "check-stop", cpu: 0, reason: "no prefix area" }, 4, /no prefix area/],
  [
    {
      kind: "protection-refused",
      code: "LF-UV-001",
      message: "bad key",
      hint: undefined,
      returnCode: 0x108,
      reasonCode: 0,
    },
    5,
    /refused to become a protected one \(LF-UV-001\)/,
  ],
  [{ kind: "integrity-violation", address: 0x1000n, message: "changed" }, 6, /page 0x1000/],
  [{ kind: "unimplemented", what: "PER" }, 7, /PER is not implemented/],
  [{ kind: "quit", by: "user" }, 0, undefined],
  [{ kind: "quit", by: "timeout" }, 124, /the time given is up/],
  [{ kind: "quit", by: "SIGHUP" }, 129, /SIGHUP/],
  [{ kind: "quit", by: "SIGINT" }, 130, /SIGINT/],
  [{ kind: "quit", by: "SIGPIPE" }, 141, /SIGPIPE/],
  [{ kind: "quit", by: "SIGTERM" }, 143, /SIGTERM/],
];

test.for(stops)("%o", ([stop, status, description]) => {
  expect(exitStatus[exitOf(stop)].status).toBe(status);
  if (description === undefined) expect(describeStop(stop)).toBeUndefined();
  else expect(describeStop(stop)?.text).toMatch(description);
});
