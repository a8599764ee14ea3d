import type { RootCommand } from "@bomb.sh/tab";
import { usedOptions } from "./qemu/arguments.ts";
import { profileFiles } from "./profiles.ts";

/** Teach shell completion what the verbs' arguments can be; files are the shell's own business. */
export function completeArguments(root: RootCommand): void {
  const profiles = [...profileFiles().builtIn.keys()];
  const offer = (verb: string, argument: string, words: readonly string[], description: string): void => {
    const known = root.commands.get(verb)?.arguments.get(argument);
    if (known === undefined) return;
    known.handler = (complete) => {
      for (const word of words) complete(word, description);
    };
  };
  offer("run", "what", profiles, "machine profile");
  offer("profile show", "profile", profiles, "machine profile");
  offer("profile validate", "profiles", profiles, "machine profile");
  // QEMU takes one dash or two; shells complete the latter.
  for (const name of usedOptions) root.commands.get("qemu")?.option(name, "option of qemu-system-s390x");
}
