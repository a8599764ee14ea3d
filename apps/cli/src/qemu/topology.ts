import { unimplemented } from "@lockframe/architecture";
import { parseNumber, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

/** CPUs that the machine type supports: as many entries as one SCCB page holds. */
const MAXIMUM_CPUS = 248;
const levels = ["drawers", "books", "sockets", "cores", "threads"] as const;
const unsupported = ["dies", "clusters", "modules"] as const;

/** `-smp [cpus=]N[,maxcpus=N][,sockets=N][,cores=N]...`: the number of CPUs. */
export function parseSmp(text: string): number {
  const option = "-smp";
  const fail = (message: string): never => {
    throw new QemuError("LF-QEMU-005", `${option} ${text}: ${message}`);
  };
  const entries = parseOptions(option, text, "cpus");
  const given = new Map<string, number>();
  for (const [key, value] of entries) {
    const names: readonly string[] = ["cpus", "maxcpus", ...levels, ...unsupported];
    if (!names.includes(key))
      throw new QemuError("LF-QEMU-003", `${option} ${text}: Parameter '${key}' is unexpected`);
    const number = parseNumber(option, key, value);
    if (number === 0) fail("Invalid CPU topology: CPU topology parameters must be greater than zero");
    given.set(key, number);
  }
  for (const level of unsupported) {
    if ((given.get(level) ?? 1) > 1) fail(`${level} > 1 not supported by this machine's CPU topology`);
  }
  const product = levels.reduce((sofar, level) => sofar * (given.get(level) ?? 1), 1);
  const hierarchy = levels.some((level) => given.has(level));
  const cpus = given.get("cpus") ?? given.get("maxcpus") ?? product;
  const maximum = given.get("maxcpus") ?? (hierarchy ? Math.max(product, cpus) : cpus);
  if (hierarchy && given.has("cores") && given.has("sockets") && product !== maximum) {
    const shown = levels.map((level) => `${level} (${given.get(level) ?? 1})`).join(" * ");
    fail(
      `Invalid CPU topology: product of the hierarchy must match maxcpus: ${shown} != maxcpus (${maximum})`,
    );
  }
  if (maximum < cpus)
    fail(
      `Invalid CPU topology: maxcpus must be equal to or greater than smp: maxcpus (${maximum}) < smp_cpus (${cpus})`,
    );
  if (maximum > MAXIMUM_CPUS) {
    fail(
      `Invalid SMP CPUs ${maximum}. The max CPUs supported by machine 's390-ccw-virtio' is ${MAXIMUM_CPUS}`,
    );
  }
  if (given.has("maxcpus") && maximum > cpus) unimplemented(`CPU hot plug (${option} ${text})`);
  return cpus;
}
