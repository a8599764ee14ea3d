import { type Context, examples, type Register } from "../context.ts";
import { colorsFor, print, printJson } from "../invocation.ts";
import { firstPartyNames, loadPlugins } from "../plugins.ts";

export const registerPlugin: Register = (program, context) => {
  const command = program.command("plugin").description("look at plugins");
  command
    .command("list")
    .description("the plugins that come along, or those named, and what they contribute")
    .argument("[names...]", "short names, package names or paths")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      examples("lockframe plugin list", "lockframe plugin list @acme/lockframe-plugin-reader --json"),
    )
    .action((names: string[], options: { json?: boolean }) =>
      context.action(() => list(context, names, options.json === true)),
    );
  return command;
};

async function list({ invocation }: Context, names: readonly string[], json: boolean): Promise<void> {
  const plugins = await loadPlugins(names.length > 0 ? names : firstPartyNames, invocation.cwd);
  const shown = plugins.map(({ name, title, facilities, devices, taps }) => ({
    name,
    title,
    facilities: facilities.map(({ facility }) => facility),
    devices: devices.map(({ type }) => type),
    hooks: Object.keys(taps),
  }));
  const { stdout, env } = invocation;
  if (json) {
    printJson(stdout, shown);
    return;
  }
  const colors = colorsFor(stdout, env);
  for (const { name, title, ...contributions } of shown) {
    print(stdout, `${colors.bold(name)}\n  ${title}`);
    for (const [kind, words] of Object.entries(contributions)) {
      if (words.length > 0) print(stdout, `  ${kind}: ${words.join(", ")}`);
    }
  }
}
