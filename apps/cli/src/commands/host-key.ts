import { type Context, examples, type Register } from "../context.ts";
import { print, printJson, table } from "../invocation.ts";

interface Parsed {
  readonly directory: string;
  readonly name: string;
  readonly days?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

export const registerHostKey: Register = (program, context) => {
  const command = program.command("host-key").description("keys of simulated hosts");
  command
    .command("create")
    .description(
      "make a P-521 host key (mode 0600), its document, and a small certificate authority that vouches for it",
    )
    .option("-d, --directory <directory>", "where to put them", ".")
    .option("-n, --name <name>", "name of the files", "host-key")
    .option("--days <number>", "how long it is valid")
    .option("--overwrite", "replace the key and document of that name")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      examples("lockframe host-key create", "lockframe host-key create -d keys -n frankfurt --days 30"),
    )
    .action((parsed: Parsed) => context.action(() => create(context, parsed)));
  return command;
};

async function create({ invocation }: Context, parsed: Parsed): Promise<void> {
  const { createHostKeyFiles } = await import("@lockframe/secure-image");
  const files = await createHostKeyFiles({
    directory: parsed.directory,
    name: parsed.name,
    overwrite: parsed.overwrite === true,
    ...(parsed.days !== undefined && { days: Number(parsed.days) }),
  });
  const { stdout } = invocation;
  if (parsed.json === true) {
    printJson(stdout, files);
    return;
  }
  const rows = [
    ["private key", files.privateKey, "for `lockframe run --host-key`; keep it secret"],
    ["document", files.document, "for `lockframe genprotimg -k`"],
    ["signing key", files.signingCertificate, "for -C"],
    ["root", files.rootCertificate, "for --root-ca"],
    ...files.crls.map((crl) => ["revocation list", crl, "for --crl"]),
    ["key hash", files.hash, ""],
  ];
  print(stdout, table(rows));
}
