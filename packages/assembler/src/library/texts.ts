import type { Source } from "../source.ts";

/** NUL-terminated ASCII texts by label, each on a halfword boundary, which LARL can reach. */
export function texts(name: string, entries: Readonly<Record<string, string>>): Source {
  const lines = Object.entries(entries).map(
    ([label, text]) => `    .align 2\n${label}: .asciz ${JSON.stringify(text)}`,
  );
  return { name, text: [...lines, "    .align 2", ""].join("\n") };
}
