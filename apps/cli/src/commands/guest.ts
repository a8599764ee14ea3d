import { facilities } from "@lockframe/architecture";
import { type Context, examples, type Register } from "../context.ts";
import { colorsFor, print, printJson, table } from "../invocation.ts";
import { firstPartyNames, loadPlugins } from "../plugins.ts";

export const registerGuest: Register = (program, context) => {
  const command = program.command("guest").description("what a guest finds here");
  command
    .command("gaps")
    .description("what the architecture has and this emulator lacks")
    .option("--json", "as JSON")
    .addHelpText("after", examples("lockframe guest gaps", "lockframe guest gaps --json"))
    .action((options: { json?: boolean }) => context.action(() => gaps(context, options.json === true)));
  return command;
};

async function gaps({ invocation }: Context, json: boolean): Promise<void> {
  const [{ implementedFacilities }, plugins] = await Promise.all([
    import("@lockframe/machine"),
    loadPlugins(firstPartyNames, invocation.cwd),
  ]);
  const offered = new Set(plugins.flatMap((plugin) => plugin.facilities.map(({ facility }) => facility)));
  const missing = facilities.filter(({ name }) => !implementedFacilities.has(name) && !offered.has(name));
  const { stdout, env } = invocation;
  if (json) {
    printJson(stdout, { facilities: missing });
    return;
  }
  const colors = colorsFor(stdout, env);
  print(stdout, colors.bold("Facilities that are not implemented, so that no guest is offered them:"));
  print(stdout, table(missing.map(({ bit, name, alias }) => [String(bit).padStart(3), name, alias])));
}
