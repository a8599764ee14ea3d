/** `unittests.cfg` of kvm-unit-tests: which file runs with which options. Source: the suite's docs/unittests.md. */

export interface UnitTest {
  readonly name: string;
  /** Its ELF file, beside the configuration. */
  readonly file: string;
  readonly groups: readonly string[];
  /** Of QEMU, split into words. */
  readonly options: readonly string[];
  readonly cpus: number;
  /** What the guest is told on its command line; undefined: nothing. */
  readonly parameters: string | undefined;
  /** Accelerator that the test is for. */
  readonly accelerator: string | undefined;
}

/** Take a configuration apart. Values in three quotes go over several lines. */
export function parseUnitTests(text: string): readonly UnitTest[] {
  const joined = text.replaceAll(/"""([^]*?)"""/g, (_, value: string) => value.replaceAll(/\\?\n/g, " "));
  const tests: { name: string; entries: Map<string, string> }[] = [];
  for (const line of joined.split("\n")) {
    const name = /^\[(.+)\]\s*$/.exec(line)?.[1];
    if (name !== undefined) tests.push({ name, entries: new Map() });
    const [, key, value] = /^([a-z_]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) tests.at(-1)?.entries.set(key, value.trim());
  }
  return tests.map(({ name, entries }) => ({
    name,
    file: entries.get("file") ?? `${name}.elf`,
    groups: words(entries.get("groups") ?? ""),
    options: words(entries.get("qemu_params") ?? entries.get("extra_params") ?? ""),
    cpus: Number(entries.get("smp") ?? "1"),
    parameters: entries.get("test_args")?.replaceAll(/^'|'$|^"|"$/g, ""),
    accelerator: entries.get("accel"),
  }));
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
