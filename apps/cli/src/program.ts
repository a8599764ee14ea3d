import tab from "@bomb.sh/tab/commander";
import { Command } from "commander";
import { registerDemo } from "./commands/demo.ts";
import { registerGenprotimg } from "./commands/genprotimg.ts";
import { registerGuest } from "./commands/guest.ts";
import { registerHostKey } from "./commands/host-key.ts";
import { registerImage } from "./commands/image.ts";
import { registerPlugin } from "./commands/plugin.ts";
import { registerProfile } from "./commands/profile.ts";
import { registerQemu } from "./commands/qemu.ts";
import { registerRun } from "./commands/run.ts";
import { completeArguments } from "./completion.ts";
import type { Context } from "./context.ts";
import { type ExitName, exitStatus } from "./exit-status.ts";
import type { Invocation } from "./invocation.ts";
import { reportError } from "./report.ts";
import { version } from "./version.ts";

const verbs = [
  registerDemo,
  registerRun,
  registerQemu,
  registerGenprotimg,
  registerImage,
  registerHostKey,
  registerGuest,
  registerProfile,
  registerPlugin,
];

/** Run one command line. Never throws; whatever happens becomes an exit status. */
export async function main(invocation: Invocation): Promise<number> {
  let outcome: ExitName = "ok";
  const context: Context = {
    invocation,
    async action(body) {
      outcome = (await body()) ?? "ok";
    },
  };
  try {
    await createProgram(context).parseAsync(invocation.args, { from: "user" });
  } catch (error) {
    outcome = reportError(error, invocation);
  }
  return exitStatus[outcome].status;
}

function createProgram(context: Context): Command {
  const { stdout, stderr } = context.invocation;
  const program = new Command("lockframe")
    .description(
      "A z/Architecture machine emulator for Protected Virtualization. A simulation: it protects nobody.",
    )
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "explain the command")
    .helpCommand("help [command]", "explain a command")
    .enablePositionalOptions()
    .showHelpAfterError("(`lockframe help` explains the commands)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    });
  for (const register of verbs) register(program, context);
  program.addHelpText("after", `\nStart with \`lockframe demo\`. Exit statuses: docs/exit-status.md\n`);
  completeArguments(tab(program, { completionCommandName: "completion" }));
  for (const command of program.commands) inherit(command, program);
  return program;
}

/** Sub-verbs speak like their verb. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
}
