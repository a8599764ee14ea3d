import { mkdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ExplainedId, FetchProgress } from "@lockframe/debian";
import { dataLayer, resolveFile } from "@lockframe/profile";
import { type Context, examples, type Register } from "../context.ts";
import type { ExitName } from "../exit-status.ts";
import { colorsFor, type Invocation, print } from "../invocation.ts";
import { profileFiles } from "../profiles.ts";
import { startTask, type Task } from "../progress.ts";
import { note } from "../report.ts";
import { boot, stdioConsole } from "../run/boot.ts";
import { parseDuration } from "../run/duration.ts";
import { planToRun } from "../run/plan.ts";

interface DemoOptions {
  readonly mirror?: string;
  readonly offline?: boolean;
  readonly tiny?: boolean;
  readonly timeout?: string;
  readonly stats?: boolean;
}

/** What the demonstration seals. */
interface Guest {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array | undefined;
  readonly commandLine: string;
  /** What one may type at its prompt. */
  readonly suggestion: string;
}

export const registerDemo: Register = (program, context) =>
  program
    .command("demo")
    .description(
      "seal Debian's kernel into a Secure Execution image and boot it as a protected machine, step by step",
    )
    .option("--mirror <url>", "Debian mirror; otherwise LOCKFRAME_MIRROR, or the one of this machine's apt")
    .option("--offline", "use only what an earlier run has fetched")
    .option("--tiny", "boot the tiny guest that comes along, and fetch nothing")
    .option("--timeout <duration>", "end after 90s, 5m, 2h")
    .option("--stats", "figures at the end")
    .addHelpText(
      "after",
      examples(
        "lockframe demo",
        "lockframe demo --mirror http://mirror.example/debian",
        "printf 'cat /sys/firmware/uv/prot_virt_guest\\npoweroff -f\\n' | lockframe demo",
      ),
    )
    .action((options: DemoOptions) => context.action(() => demo(context, options)));

async function demo({ invocation }: Context, options: DemoOptions): Promise<ExitName> {
  const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout);
  const { defaultCacheDirectory } = await import("@lockframe/debian");
  const directory = join(defaultCacheDirectory(invocation.env), "demo");
  const steps = await explainSteps(invocation);
  const guest = await prepareGuest(invocation, options, steps);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  steps("host-key");
  const key = await hostKey(directory);
  steps("image");
  const image = await sealGuest(invocation, directory, guest, key);
  steps("boot");
  const changes = dataLayer(
    "demo",
    {
      profile: 1,
      name: "demo",
      ipl: { kernel: image },
      protection: { hostKeys: [key.privateKey] },
      onReboot: "stop",
    },
    directory,
  );
  const resolved = resolveFile("pvm", directory, profileFiles(), [changes]);
  note(invocation, `${guest.suggestion} Ctrl-A h lists the keys, Ctrl-A x quits.`);
  const outcome = await boot(invocation, {
    planned: await planToRun(resolved, directory),
    profile: resolved.profile,
    characterDevices: stdioConsole,
    timeoutMs,
    stats: options.stats === true,
    events: {
      secureTransition(transition) {
        if (transition.kind !== "entered") return;
        const seconds = (transition.milliseconds / 1000).toFixed(2);
        note(
          invocation,
          `the guest is protected: ${transition.pages} pages unpacked and verified in ${seconds} s`,
        );
      },
    },
  });
  whatNext(invocation, image, key.privateKey);
  return outcome;
}

type Step = (id: ExplainedId) => void;

/** Prints the line that explains a step. */
async function explainSteps(invocation: Invocation): Promise<Step> {
  const { explainParts } = await import("@lockframe/debian");
  const colors = colorsFor(invocation.stderr, invocation.env);
  return (id) => {
    const part = explainParts.find((each) => each.id === id);
    if (part !== undefined) print(invocation.stderr, `${colors.bold(`${part.title}.`)} ${part.line}`);
  };
}

async function prepareGuest(invocation: Invocation, options: DemoOptions, step: Step): Promise<Guest> {
  if (options.tiny === true) return tinyGuest();
  const { isUnavailable } = await import("@lockframe/debian");
  try {
    return await fetchGuest(invocation, options, step);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    note(invocation, error instanceof Error ? error.message : String(error));
    step("without-network");
    return tinyGuest();
  }
}

async function tinyGuest(): Promise<Guest> {
  const testkit = await import("@lockframe/testkit");
  const commands = Object.keys(testkit.tinyGuestCommands).join(", ");
  return {
    kernel: testkit.tinyGuest(),
    initrd: undefined,
    commandLine: "demo",
    suggestion: `At its prompt: ${commands}.`,
  };
}

async function fetchGuest(invocation: Invocation, options: DemoOptions, step: Step): Promise<Guest> {
  const { DebianArchive, fetchDemoParts } = await import("@lockframe/debian");
  const progress = new FetchTasks(invocation);
  const archive = new DebianArchive({
    mirror: options.mirror,
    offline: options.offline,
    environment: { ...invocation.env },
    onProgress: (event) => progress.event(event),
    onNotice: (message) => note(invocation, message),
  });
  try {
    const { kernel, initramfs } = await fetchDemoParts(archive, { onStep: step });
    return {
      kernel: kernel.bytes,
      initrd: initramfs,
      commandLine: "console=ttysclp0",
      suggestion: "At its prompt, try `cat /sys/firmware/uv/prot_virt_guest`.",
    };
  } finally {
    progress.end();
  }
}

/** One task for each file that comes over the network. */
class FetchTasks {
  readonly #invocation: Invocation;
  #file: string | undefined;
  #task: Task | undefined;

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
  }

  event({ file, received, total, origin }: FetchProgress): void {
    if (origin === "cache") {
      note(this.#invocation, `${file}: from the cache`);
      return;
    }
    if (file !== this.#file) {
      this.end();
      this.#file = file;
      this.#task = startTask(`fetching ${file}`, this.#invocation);
    }
    if (total !== undefined) this.#task?.update(received, total);
    if (received === total) this.end();
  }

  end(): void {
    this.#task?.done();
    this.#task = undefined;
  }
}

interface DemoKey {
  readonly privateKey: string;
  readonly document: string;
  readonly trust: {
    readonly certificates: readonly string[];
    readonly rootCa: string;
    readonly crls: readonly string[];
  };
}

const KEY_NAME = "demo-host";

/** The demonstration's host key, made by its first run. */
async function hostKey(directory: string): Promise<DemoKey> {
  const at = (name: string): string => join(directory, name);
  if (!existsSync(at(`${KEY_NAME}.key`)) || !existsSync(at(`${KEY_NAME}.crt`))) {
    const { createHostKeyFiles } = await import("@lockframe/secure-image");
    await createHostKeyFiles({ directory, name: KEY_NAME, overwrite: true });
  }
  return {
    privateKey: at(`${KEY_NAME}.key`),
    document: at(`${KEY_NAME}.crt`),
    trust: {
      certificates: [at("signing-key.crt")],
      rootCa: at("root-ca.crt"),
      crls: [at("root-ca.crl"), at("signing-key.crl")],
    },
  };
}

/** Seal by the same way as `lockframe genprotimg`, files and verified host key document included. */
async function sealGuest(
  invocation: Invocation,
  directory: string,
  guest: Guest,
  key: DemoKey,
): Promise<string> {
  const { genprotimg } = await import("@lockframe/secure-image");
  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, content);
    return path;
  };
  const output = join(directory, "secure.img");
  const task = startTask("sealing", invocation);
  const { image } = await genprotimg({
    kernel: await file("kernel", guest.kernel),
    ...(guest.initrd !== undefined && { ramdisk: await file("initramfs", guest.initrd) }),
    parmfile: await file("cmdline", guest.commandLine),
    output,
    hostKeyDocuments: [key.document],
    ...key.trust,
    offline: true,
    overwrite: true,
    onProgress: (done, total) => task.update(done, total),
  });
  task.done(`${output}, ${image.pageCount} encrypted pages`);
  return output;
}

function whatNext({ stderr, env }: Invocation, image: string, privateKey: string): void {
  const colors = colorsFor(stderr, env);
  const run = env["npm_execpath"] === undefined ? "lockframe" : "npx -y pnpm@12 lockframe";
  print(stderr, `\n${colors.bold("What to try next")}`);
  const rows = [
    [`${run} image info ${image}`, "what the image shows to everybody"],
    [`${run} image info ${image} --host-key ${privateKey}`, "and to its host"],
    [`${run} run ${image} --host-key ${privateKey} --memory 1G`, "boot it again"],
    [`${run} genprotimg --help`, "seal a kernel of your own"],
    [`${run} qemu -h`, "use the QEMU command line that you have"],
  ];
  for (const [command = "", meaning = ""] of rows)
    print(stderr, `  ${command}\n      ${colors.dim(meaning)}`);
}
