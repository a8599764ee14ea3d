import { unimplemented } from "@lockframe/architecture";
import { examples, type Register } from "../context.ts";

export const registerDemo: Register = (program, context) =>
  program
    .command("demo")
    .description("boot Debian's kernel as a protected machine, step by step")
    .addHelpText("after", examples("lockframe demo"))
    .action(() => context.action(async () => unimplemented("the demonstration")));
