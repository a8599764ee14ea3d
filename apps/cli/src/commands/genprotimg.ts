import type { GenprotimgFlag, GenprotimgOptions } from "@lockframe/secure-image";
import { Option } from "commander";
import { collect, type Context, examples, type Register } from "../context.ts";
import { print, printJson } from "../invocation.ts";
import { startTask } from "../progress.ts";
import { warn } from "../report.ts";

/** What commander makes of the options below. */
interface Parsed {
  readonly kernel?: string;
  readonly image?: string;
  readonly ramdisk?: string;
  readonly parmfile?: string;
  readonly output?: string;
  readonly hostKeyDocument?: string[];
  readonly verify: boolean;
  readonly cert?: string[];
  readonly crl?: string[];
  readonly rootCa?: string;
  readonly offline?: boolean;
  readonly cck?: string;
  readonly commKey?: string;
  readonly hdrKey?: string;
  readonly xHeaderKey?: string;
  readonly imageKey?: string;
  readonly xCompKey?: string;
  readonly xPcf?: string;
  readonly xScf?: string;
  readonly xPsw?: string;
  readonly xBootloaderDirectory?: string;
  readonly componentCheck: boolean;
  readonly overwrite?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly [flag: string]: unknown;
}

/** `--enable-NAME` and `--disable-NAME`, as in `@lockframe/secure-image`. */
const flags = {
  dump: "dumps of the guest by its host",
  pckmo: "PCKMO for DEA, TDEA, AES and ECC keys",
  "pckmo-hmac": "PCKMO for HMAC keys",
  "backup-keys": "backup target keys",
  "image-encryption": "encryption of the components",
  "cck-extension-secret": "only secrets that extend the customer communication key",
  "cck-update": "updates of the customer communication key",
} as const satisfies Readonly<Record<GenprotimgFlag, string>>;

export const registerGenprotimg: Register = (program, context) => {
  const command = program
    .command("genprotimg")
    .description("seal a kernel into a Secure Execution image (as genprotimg and `pvimg create` do)")
    .option("-i, --kernel <file>", "raw kernel (also --image)")
    .addOption(new Option("--image <file>").hideHelp())
    .option("-r, --ramdisk <file>", "initial RAM disk")
    .option("-p, --parmfile <file>", "file with the kernel command line")
    .option("-o, --output <file>", "image to write")
    .option(
      "-k, --host-key-document <file>",
      "certificate of a host that may start it; several may be given",
      collect,
    )
    .option("--no-verify", "do not verify the host key documents")
    .option("-C, --cert <file>", "certificate of the chain of trust; several may be given", collect)
    .option("--crl <file>", "certificate revocation list; several may be given", collect)
    .option("--root-ca <file>", "the root certificate to trust, instead of the system's")
    .option("--offline", "download no revocation lists")
    .option("--cck <file>", "customer communication key, 32 bytes (also --comm-key)")
    .addOption(new Option("--comm-key <file>").hideHelp())
    .option("--hdr-key <file>", "header protection key, 32 bytes (also --x-header-key)")
    .addOption(new Option("--x-header-key <file>").hideHelp())
    .option("--image-key <file>", "key of the components, 64 bytes (also --x-comp-key)")
    .addOption(new Option("--x-comp-key <file>").hideHelp())
    .option("--x-pcf <hex>", "plain-text control flags")
    .option("--x-scf <hex>", "secret control flags")
    .option("--x-psw <hex>", "address at which the guest starts")
    .option(
      "--x-bootloader-directory <directory>",
      "stage3a.bin and stage3b_reloc.bin to use instead of our own",
    )
    .option("--no-component-check", "do not check that the kernel is one")
    .option("--overwrite", "replace an existing image")
    .option("-v, --verbose", "say what was written where")
    .option("--json", "say it as JSON");
  for (const [name, meaning] of Object.entries(flags)) {
    command.option(`--enable-${name}`, `allow ${meaning}`);
    command.option(`--disable-${name}`, `forbid ${meaning}`);
  }
  return command
    .addHelpText(
      "after",
      examples(
        "lockframe genprotimg -i vmlinuz -r initrd.img -p cmdline.txt -k host-key.crt --no-verify -o secure.img",
        "lockframe genprotimg -i vmlinuz -k host-key.crt -C signing-key.crt --root-ca root-ca.crt \\\n" +
          "      --crl signing-key.crl --crl root-ca.crl --offline -o secure.img",
      ),
    )
    .action((parsed: Parsed) => context.action(() => seal(context, parsed)));
};

async function seal({ invocation }: Context, parsed: Parsed): Promise<void> {
  const { genprotimg } = await import("@lockframe/secure-image");
  const task = startTask("sealing", invocation);
  const outcome = await genprotimg({
    ...toOptions(parsed),
    onProgress: (done, total) => task.update(done, total),
  }).finally(() => task.done());
  for (const warning of outcome.warnings) warn(invocation, warning);
  if (parsed.json === true) printJson(invocation.stdout, outcome);
  else if (parsed.verbose === true) printJson(invocation.stderr, outcome.image);
  else
    print(
      invocation.stderr,
      `${outcome.output}: ${outcome.image.size} bytes, ${outcome.image.pageCount} sealed pages`,
    );
}

function toOptions(parsed: Parsed): GenprotimgOptions {
  const chosen = (prefix: "enable" | "disable"): GenprotimgFlag[] =>
    (Object.keys(flags) as GenprotimgFlag[]).filter(
      (name) => parsed[camelCase(`${prefix}-${name}`)] === true,
    );
  return defined({
    kernel: parsed.kernel ?? parsed.image ?? "",
    ramdisk: parsed.ramdisk,
    parmfile: parsed.parmfile,
    output: parsed.output ?? "",
    hostKeyDocuments: parsed.hostKeyDocument ?? [],
    noVerify: !parsed.verify,
    certificates: parsed.cert,
    crls: parsed.crl,
    rootCa: parsed.rootCa,
    offline: parsed.offline,
    cck: parsed.cck ?? parsed.commKey,
    headerKey: parsed.hdrKey ?? parsed.xHeaderKey,
    imageKey: parsed.imageKey ?? parsed.xCompKey,
    enable: chosen("enable"),
    disable: chosen("disable"),
    xPcf: parsed.xPcf,
    xScf: parsed.xScf,
    xPsw: parsed.xPsw,
    bootloaderDirectory: parsed.xBootloaderDirectory,
    noComponentCheck: !parsed.componentCheck,
    overwrite: parsed.overwrite,
  });
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };

/** Without the members that are undefined. */
function defined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as Defined<Value>;
}

const camelCase = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
