import type { ImageInfoOptions } from "@lockframe/secure-image";
import { collect, type Context, examples, type Register } from "../context.ts";
import type { ExitName } from "../exit-status.ts";
import { printJson } from "../invocation.ts";

interface Parsed {
  readonly hostKey?: string[];
  readonly hostKeyDocument?: string[];
  readonly hdrKey?: string;
  readonly showSecrets?: boolean;
  readonly json?: boolean;
}

export const registerImage: Register = (program, context) => {
  const command = program.command("image").description("look at Secure Execution images");
  command
    .command("info")
    .description("explain an image: parts, flags, hosts, digests, and what would keep it from starting")
    .argument("<image>", "Secure Execution image, or a bare SE header")
    .option("--host-key <file>", "private host key, to open the header; several may be given", collect)
    .option(
      "-k, --host-key-document <file>",
      "certificate whose name to show at its slot; several may be given",
      collect,
    )
    .option("--hdr-key <file>", "header protection key, to open the header")
    .option("--show-secrets", "show the keys in the header")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `${examples("lockframe image info secure.img", "lockframe image info secure.img --host-key host-key.key --json")}
The exit status is 1 when something found would keep the image from starting.
`,
    )
    .action((image: string, parsed: Parsed) => context.action(() => info(context, image, parsed)));
  return command;
};

async function info({ invocation }: Context, image: string, parsed: Parsed): Promise<ExitName> {
  const { formatImageInfo, imageInfo, imageLooksSound } = await import("@lockframe/secure-image");
  const options: ImageInfoOptions = {
    ...(parsed.hostKey !== undefined && { hostKeys: parsed.hostKey }),
    ...(parsed.hostKeyDocument !== undefined && { hostKeyDocuments: parsed.hostKeyDocument }),
    ...(parsed.hdrKey !== undefined && { headerKey: parsed.hdrKey }),
    showSecrets: parsed.showSecrets === true,
  };
  const found = await imageInfo(image, options);
  if (parsed.json === true) printJson(invocation.stdout, found);
  else invocation.stdout.write(formatImageInfo(found));
  return imageLooksSound(found) ? "ok" : "failed";
}
