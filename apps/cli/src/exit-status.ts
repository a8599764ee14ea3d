/**
 * Every exit status of `lockframe`, in one place: commands take theirs from here, and `docs/exit-status.md` is this
 * table, kept equal by a test.
 */
import type { Stop } from "@lockframe/plugin-api";

export interface ExitStatus {
  readonly status: number;
  readonly meaning: string;
}

export const exitStatus = {
  ok: {
    status: 0,
    meaning: "The command did what it was asked; the guest powered off, or Ctrl-A x ended it",
  },
  failed: { status: 1, meaning: "Refused or failed, nothing half done; the message carries an `LF-` code" },
  usage: { status: 2, meaning: "The command line is wrong" },
  rebooted: { status: 3, meaning: "The guest asked for a reboot and `-no-reboot` (`onReboot: stop`) stands" },
  crashed: {
    status: 4,
    meaning: "The guest gave up: disabled wait (a kernel panic ends so), interruption loop or check-stop",
  },
  protectionRefused: {
    status: 5,
    meaning: "The guest asked to become a protected one and the Ultravisor refused",
  },
  integrity: { status: 6, meaning: "A protected guest's storage was changed from outside; it was stopped" },
  unimplemented: { status: 7, meaning: "The guest needs something that is not implemented" },
  watchdog: {
    status: 8,
    meaning: "The guest's watchdog ran out and was told to end the machine (`-watchdog-action poweroff`)",
  },
  internal: { status: 70, meaning: "A bug in Lockframe" },
  timeout: { status: 124, meaning: "`--timeout` ran out" },
  hangUp: { status: 129, meaning: "Ended by SIGHUP" },
  interrupted: { status: 130, meaning: "Ended by SIGINT" },
  brokenPipe: { status: 141, meaning: "Nobody reads the output any more (SIGPIPE)" },
  terminated: { status: 143, meaning: "Ended by SIGTERM" },
} as const satisfies Readonly<Record<string, ExitStatus>>;

export type ExitName = keyof typeof exitStatus;

const endedBy = {
  user: "ok",
  timeout: "timeout",
  SIGHUP: "hangUp",
  SIGINT: "interrupted",
  SIGPIPE: "brokenPipe",
  SIGTERM: "terminated",
} as const satisfies Readonly<Record<Extract<Stop, { kind: "quit" }>["by"], ExitName>>;

/** The exit status for the end of a run. */
export function exitOf(stop: Stop): ExitName {
  switch (stop.kind) {
    case "powered-off":
      return "ok";
    case "rebooted":
      return "rebooted";
    case "ipl-failed":
      return "failed";
    case "disabled-wait":
    case "interruption-loop":
    case "check-stop":
      return "crashed";
    case "protection-refused":
      return "protectionRefused";
    case "integrity-violation":
      return "integrity";
    case "watchdog":
      return "watchdog";
    case "unimplemented":
      return "unimplemented";
    case "quit":
      return endedBy[stop.by];
  }
}

/** The table as a page. */
export function exitStatusPage(): string {
  const rows = Object.values(exitStatus).map(({ status, meaning }) => `| ${status} | ${meaning} |`);
  return `# Exit statuses of lockframe\n\n| Status | Meaning |\n| --- | --- |\n${rows.join("\n")}\n`;
}
