import { profileJsonSchema, resolveFile, shownValues } from "@lockframe/profile";
import { type Context, examples, type Register } from "../context.ts";
import { colorsFor, print, printJson, table } from "../invocation.ts";
import { firstPartyNames, loadPlugins } from "../plugins.ts";
import { profileFiles } from "../profiles.ts";
import { planOf } from "../run/plan.ts";

export const registerProfile: Register = (program, context) => {
  const command = program.command("profile").description("look at machine profiles");
  command
    .command("list")
    .description("the profiles that come along")
    .option("--json", "as JSON")
    .action((options: { json?: boolean }) =>
      context.action(async () => list(context, options.json === true)),
    );
  command
    .command("show")
    .description("a profile with everything merged, and where each value comes from")
    .argument("<profile>", "file or name")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      examples("lockframe profile show z16-pvm", "lockframe profile show ./machine.yaml --json"),
    )
    .action((profile: string, options: { json?: boolean }) =>
      context.action(() => show(context, profile, options.json === true)),
    );
  command
    .command("validate")
    .description("check profiles, their plugins and devices")
    .argument("<profiles...>", "files or names")
    .addHelpText("after", examples("lockframe profile validate ./machine.yaml"))
    .action((profiles: string[]) => context.action(() => validate(context, profiles)));
  command
    .command("schema")
    .description("the JSON Schema of profiles, for editors")
    .option("-p, --plugin <name...>", "plugins whose devices are known", [...firstPartyNames])
    .addHelpText(
      "after",
      `${examples("lockframe profile schema > machine.schema.json")}
Put this line at the top of a profile, and a YAML editor completes and checks it:
  # yaml-language-server: $schema=./machine.schema.json
`,
    )
    .action((options: { plugin: string[] }) => context.action(() => schema(context, options.plugin)));
  return command;
};

function list({ invocation }: Context, json: boolean): void {
  const files = profileFiles();
  const profiles = [...files.builtIn].map(([name, path]) => ({
    name,
    about: firstComment(files.read(path)),
    path,
  }));
  if (json) printJson(invocation.stdout, profiles);
  else print(invocation.stdout, table(profiles.map(({ name, about }) => [name, about])));
}

/** The comment at the head of a profile says what it is for. */
function firstComment(text: string): string {
  return /^#\s*(.*)/.exec(text)?.[1] ?? "";
}

async function show({ invocation }: Context, reference: string, json: boolean): Promise<void> {
  const resolved = resolveFile(reference, invocation.cwd, profileFiles());
  const { plan, gaps, changes } = await planOf(resolved, invocation.cwd);
  const facilities = [...plan.facilities].toSorted();
  const values = shownValues(resolved);
  if (json) {
    printJson(invocation.stdout, { profile: resolved.profile, values, facilities, gaps, changes });
    return;
  }
  const { stdout, env } = invocation;
  const colors = colorsFor(stdout, env);
  print(
    stdout,
    table(values.map(({ path, value, origin }) => [path, JSON.stringify(value), colors.dim(origin)])),
  );
  print(stdout, `\n${colors.bold("Facilities that the guest sees:")} ${facilities.join(", ")}`);
  print(stdout, `\n${colors.bold("Of the model, not implemented:")} ${gaps.join(", ") || "nothing"}`);
  for (const { plugin, offered, withdrawn, other } of changes) {
    const parts = [
      ...offered.map((name) => `+${name}`),
      ...withdrawn.map((name) => `-${name}`),
      ...(other ? ["changed the plan"] : []),
    ];
    print(stdout, `${colors.bold(plugin)}: ${parts.join(", ")}`);
  }
}

async function validate({ invocation }: Context, references: readonly string[]): Promise<void> {
  for (const reference of references) {
    await planOf(resolveFile(reference, invocation.cwd, profileFiles()), invocation.cwd);
    print(invocation.stdout, `${reference}: ok`);
  }
}

async function schema({ invocation }: Context, names: readonly string[]): Promise<void> {
  const plugins = await loadPlugins(names, invocation.cwd);
  printJson(invocation.stdout, profileJsonSchema(plugins.flatMap(({ devices }) => devices)));
}
