import { unimplemented } from "@lockframe/architecture";
import type { Register } from "../context.ts";

export const registerDemo: Register = (program, context) =>
  program
    .command("demo")
    .description("boot Debian's kernel as a protected machine, step by step")
    .action(() => context.action(async () => unimplemented("the demonstration")));
