import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { facilities, type FacilityName } from "@lockframe/architecture";
import type { IplSource } from "@lockframe/plugin-api";
import { resolveFile } from "@lockframe/profile";
import { type Context, examples, type Register } from "../context.ts";
import type { ExitName } from "../exit-status.ts";
import { colorsFor, print, printJson, table } from "../invocation.ts";
import { firstPartyNames, loadPlugins } from "../plugins.ts";
import { profileFiles } from "../profiles.ts";
import { boot, stdioConsole } from "../run/boot.ts";
import { parseDuration } from "../run/duration.ts";
import { planToRun } from "../run/plan.ts";

export const registerGuest: Register = (program, context) => {
  const command = program.command("guest").description("what a guest finds here");
  command
    .command("gaps")
    .description("what the architecture has and this emulator lacks")
    .option("--json", "as JSON")
    .addHelpText("after", examples("lockframe guest gaps", "lockframe guest gaps --json"))
    .action((options: { json?: boolean }) => context.action(() => gaps(context, options.json === true)));
  command
    .command("hello")
    .description("boot the tiny guest that comes along; its prompt knows `help`")
    .option("-p, --protected", "as a protected machine: sealed for a key that lives as long as the run")
    .option("-o, --output <file>", "write the guest's kernel file instead of booting it")
    .option("--profile <profile>", "machine to boot it on (base, with --protected pvm)")
    .option("--timeout <duration>", "end after 90s, 5m, 2h")
    .option("--stats", "figures at the end")
    .addHelpText(
      "after",
      examples(
        "lockframe guest hello",
        "lockframe guest hello --protected",
        "lockframe guest hello -o kernel",
      ),
    )
    .action((options: HelloOptions) => context.action(() => hello(context, options)));
  return command;
};

interface HelloOptions {
  readonly protected?: boolean;
  readonly output?: string;
  readonly profile?: string;
  readonly timeout?: string;
  readonly stats?: boolean;
}

async function hello({ invocation }: Context, options: HelloOptions): Promise<ExitName> {
  const { tinyGuest } = await import("@lockframe/testkit");
  if (options.output !== undefined) {
    writeFileSync(resolvePath(invocation.cwd, options.output), tinyGuest());
    return "ok";
  }
  const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout);
  const profile = options.profile ?? (options.protected === true ? "pvm" : "base");
  const resolved = resolveFile(profile, invocation.cwd, profileFiles());
  return boot(invocation, {
    planned: await planToRun(resolved, invocation.cwd),
    profile: resolved.profile,
    ...(options.protected === true ? await sealed(tinyGuest()) : { source: plain(tinyGuest()) }),
    characterDevices: stdioConsole,
    timeoutMs,
    stats: options.stats === true,
  });
}

function plain(kernel: Uint8Array): IplSource {
  return { kernel, initrd: undefined, commandLine: undefined };
}

/** The guest in an image for a new key, and that key. */
async function sealed(kernel: Uint8Array): Promise<{ source: IplSource; hostKeys: readonly KeyObject[] }> {
  const { stage3a, stage3b, writeSeImage } = await import("@lockframe/secure-image");
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "secp521r1" });
  const image = await writeSeImage({
    kernel,
    hostKeys: [publicKey],
    loaders: { stage3a: stage3a(), stage3b: stage3b() },
  });
  return { source: plain(image), hostKeys: [privateKey] };
}

async function gaps({ invocation }: Context, json: boolean): Promise<void> {
  const [{ implementedFacilities }, { gaps: lacking, instructions }, plugins] = await Promise.all([
    import("@lockframe/machine"),
    import("@lockframe/instructions"),
    loadPlugins(firstPartyNames, invocation.cwd),
  ]);
  const offered = new Set<FacilityName>(
    plugins.flatMap((plugin) => plugin.facilities.map(({ facility }) => facility)),
  );
  // The Ultravisor shows it to protected guests, whatever the CPU's list says.
  offered.add("ultravisor-call");
  const missing = facilities.filter(({ name }) => !implementedFacilities.has(name) && !offered.has(name));
  const { stdout, env } = invocation;
  if (json) {
    printJson(stdout, { facilities: missing, instructions: lacking });
    return;
  }
  const colors = colorsFor(stdout, env);
  print(stdout, colors.bold("Facilities that are not implemented, so that no guest is offered them:"));
  print(stdout, table(missing.map(({ bit, name, alias }) => [String(bit).padStart(3), name, alias])));
  const all = instructions.length + lacking.length;
  print(stdout, colors.bold(`\nInstructions that are not implemented (${lacking.length} of ${all}):`));
  const sorted = lacking.toSorted((a, b) => (a.mnemonic < b.mnemonic ? -1 : 1));
  print(
    stdout,
    table(
      sorted.map(({ mnemonic, title, facility }) => [
        mnemonic,
        title,
        facility === undefined ? "" : `facility ${facility}`,
      ]),
    ),
  );
}
