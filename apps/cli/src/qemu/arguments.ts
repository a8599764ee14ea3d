/** A QEMU command line as a list of options with their arguments, nothing interpreted yet. */
import { unimplemented } from "@lockframe/architecture";
import { didYouMean } from "@lockframe/profile";
import { QemuError } from "./qemu-error.ts";

/** Whether an option has an argument, and how we deal with it. */
interface Known {
  readonly argument: boolean;
  /** Absent: it is used. `later`: named as not implemented. `harmless`: it changes nothing here. */
  readonly dealt?: "later" | "harmless";
  /** Arguments with which an option that is otherwise for later is harmless. */
  readonly harmlessWith?: readonly string[];
}

const used = (argument: boolean): Known => ({ argument });
const later = (argument: boolean, ...harmlessWith: readonly string[]): Known => ({
  argument,
  dealt: "later",
  harmlessWith,
});
const harmless = (argument: boolean): Known => ({ argument, dealt: "harmless" });

/** Options by name without dashes. QEMU takes one dash or two. */
const known: ReadonlyMap<string, Known> = new Map(
  Object.entries({
    // What is used. The last eight are ours.
    M: used(true),
    accel: used(true),
    action: used(true),
    append: used(true),
    bios: used(true),
    blockdev: used(true),
    boot: used(true),
    cdrom: used(true),
    chardev: used(true),
    cpu: used(true),
    device: used(true),
    display: used(true),
    drive: used(true),
    "enable-kvm": used(false),
    fsdev: used(true),
    h: used(false),
    hda: used(true),
    hdb: used(true),
    help: used(false),
    initrd: used(true),
    kernel: used(true),
    m: used(true),
    machine: used(true),
    "mem-path": used(true),
    name: used(true),
    netdev: used(true),
    nic: used(true),
    "no-reboot": used(false),
    nodefaults: used(false),
    nographic: used(false),
    object: used(true),
    serial: used(true),
    snapshot: used(false),
    smp: used(true),
    uuid: used(true),
    version: used(false),
    virtfs: used(true),
    "watchdog-action": used(true),
    engine: used(true),
    "host-key": used(true),
    "perf-map": used(true),
    stats: used(false),
    "stats-json": used(true),
    symbols: used(true),
    timeout: used(true),
    xray: used(false),
    // What cannot make a difference here.
    "mem-prealloc": harmless(false),
    msg: harmless(true),
    "no-user-config": harmless(false),
    sandbox: harmless(true),
    "no-fd-bootchk": harmless(false),
    // What is not there yet.
    S: later(false),
    d: later(true),
    daemonize: later(false),
    dtb: later(true),
    fw_cfg: later(true),
    gdb: later(true, "none"),
    global: later(true),
    icount: later(true),
    incoming: later(true),
    iscsi: later(true),
    loadvm: later(true),
    mon: later(true),
    monitor: later(true, "none", "null"),
    net: later(true, "none"),
    "no-shutdown": later(false),
    numa: later(true),
    overcommit: later(true, "mem-lock=off", "cpu-pm=off"),
    parallel: later(true, "none", "null"),
    pidfile: later(true),
    plugin: later(true),
    preconfig: later(false),
    qmp: later(true),
    "qmp-pretty": later(true),
    readconfig: later(true),
    rtc: later(true, "base=utc"),
    runas: later(true),
    s: later(false),
    seed: later(true),
    spice: later(true),
    tpmdev: later(true),
    trace: later(true),
    usb: later(false),
    vga: later(true, "none"),
    vnc: later(true, "none"),
    watchdog: later(true),
  }),
);

/** Options that can be completed and suggested. */
export const usedOptions: readonly string[] = [...known]
  .filter(([, { dealt }]) => dealt === undefined)
  .map(([name]) => name);

export interface Argument {
  /** Without dashes. */
  readonly option: string;
  /** Empty for an option without one. */
  readonly value: string;
}

/**
 * Split a command line into options.
 *
 * @throws QemuError LF-QEMU-001 unknown option, LF-QEMU-002 argument missing; UnimplementedError for what QEMU has and
 *   we lack
 */
export function splitArguments(args: readonly string[]): readonly Argument[] {
  const found: Argument[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? "";
    if (!word.startsWith("-") || word === "-") {
      found.push({ option: "hda", value: word });
      continue;
    }
    const option = word.replace(/^--?/, "");
    const rule = known.get(option);
    if (rule === undefined) {
      throw new QemuError("LF-QEMU-001", `${word}: invalid option${didYouMean(option, known.keys())}`);
    }
    let value = "";
    if (rule.argument) {
      index += 1;
      const next = args[index];
      if (next === undefined) throw new QemuError("LF-QEMU-002", `${word}: requires an argument`);
      value = next;
    }
    if (rule.dealt === "later" && rule.harmlessWith?.includes(value) !== true) {
      unimplemented(`the option ${word}${value === "" ? "" : ` ${value}`}`);
    }
    if (rule.dealt === undefined) found.push({ option, value });
  }
  return found;
}
