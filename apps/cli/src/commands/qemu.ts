import { dataLayer, resolveProfile } from "@lockframe/profile";
import { type Context, examples, type Register } from "../context.ts";
import type { ExitName } from "../exit-status.ts";
import { print, table } from "../invocation.ts";
import { firstPartyNames, loadPlugins } from "../plugins.ts";
import { helpText, type HelpTopic } from "../qemu/help.ts";
import { translate } from "../qemu/translate.ts";
import { note } from "../report.ts";
import { boot } from "../run/boot.ts";
import { planToRun } from "../run/plan.ts";
import { version } from "../version.ts";

export const registerQemu: Register = (program, context) => {
  const command = program
    .command("qemu")
    .description("run a machine from a qemu-system-s390x command line")
    .argument("[options...]", "options of qemu-system-s390x; `-h` lists those that are known")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(() => context.action(() => runQemu(context, () => command.helpInformation())));
  return command.addHelpText("after", `\n${optionHelp()}\n${qemuExamples}`);
};

const qemuExamples = examples(
  "lockframe qemu -nographic -m 1G -kernel vmlinuz -initrd initrd.img -append 'console=ttysclp0'",
  "lockframe qemu -machine s390-ccw-virtio,confidential-guest-support=pv0 -object s390-pv-guest,id=pv0 \\\n" +
    "      -cpu max -nographic --host-key host-key.key -kernel secure.img",
);

/** The verb `qemu`: its arguments are QEMU's, so they are taken as they stand. */
async function runQemu({ invocation }: Context, help: () => string): Promise<ExitName> {
  const args = invocation.args.slice(invocation.args.indexOf("qemu") + 1);
  const plugins = await loadPlugins(firstPartyNames, invocation.cwd);
  const definitions = plugins.flatMap(({ devices }) => devices);
  const parsed = translate(args, definitions);
  if (parsed.kind === "help") {
    print(
      invocation.stdout,
      explain(parsed.topic, help, () => plugins.flatMap(({ devices }) => devices)),
    );
    return "ok";
  }
  const layer = dataLayer("command line", parsed.layer, invocation.cwd);
  const resolved = resolveProfile([layer]);
  const planned = await planToRun(resolved, invocation.cwd);
  for (const text of parsed.notes) note(invocation, text);
  return boot(invocation, { planned, profile: resolved.profile, ...parsed });
}

function explain(
  topic: HelpTopic,
  help: () => string,
  definitions: () => Parameters<typeof helpText>[1],
): string {
  if (topic === "command") return `${help()}\n${optionHelp()}\n${qemuExamples}`;
  if (topic === "version") return `QEMU-compatible machine of lockframe version ${version()}`;
  return helpText(topic, definitions());
}

function optionHelp(): string {
  const rows = [
    [
      "-machine s390-ccw-virtio[,accel=tcg][,confidential-guest-support=ID]",
      "the machine; with ID, a protectable one",
    ],
    ["-object s390-pv-guest,id=ID", "says that the machine must be able to become a protected one"],
    ["-cpu MODEL[,FEATURE=on|off]...", "CPU model; `-cpu help` lists models and features"],
    ["-m [size=]N[M|G]", "guest storage, less than 16G (512M)"],
    ["-smp N", "CPUs (1)"],
    ["-kernel FILE", "kernel, or Secure Execution image"],
    ["-initrd FILE, -append TEXT", "for a plain kernel"],
    ["-drive file=FILE,if=none,id=ID, -device virtio-blk-ccw,drive=ID[,bootindex=N]", "a disk"],
    ["-hda FILE, -cdrom FILE, FILE", "a disk, a medium that cannot be written"],
    ["-blockdev file|raw|qcow2,node-name=ID,...", "a disk's file, for -device virtio-blk-ccw,drive=ID"],
    [
      "-netdev user,id=ID[,hostfwd=...][,restrict=on]",
      "a network; -device virtio-net-ccw,netdev=ID is its interface",
    ],
    ["-nic user[,hostfwd=...]", "both in one"],
    [
      "-virtfs local,path=DIR,mount_tag=TAG,security_model=none",
      "a folder of the host; also -fsdev and -device virtio-9p-ccw",
    ],
    [
      "-device virtio-rng-ccw, virtio-serial-ccw, virtconsole, virtserialport",
      "random bytes, consoles and ports; `-device help` lists all",
    ],
    ["-bios FILE|embedded", "what boots from disks: s390-ccw.img, or the loader that comes along (embedded)"],
    ["-boot menu=on|off[,splash-time=MS]", "show the boot menu; machine and disks take loadparm=N|PROMPT"],
    ["-nographic, -serial mon:stdio", "console on this terminal; Ctrl-A h lists the keys"],
    ["-chardev stdio|file|null,id=ID[,mux=on]", "where a console's bytes go"],
    ["-device sclpconsole|sclplmconsole,chardev=ID", "ASCII or line-mode console"],
    ["-nodefaults, -display none", "no console that was not asked for"],
    ["-device diag288, -watchdog-action ACTION", "a watchdog, and what happens when it runs out (reset)"],
    ["-no-reboot", "end instead of starting again"],
    ["-name NAME, -uuid UUID", "what the guest is told"],
    [
      "--engine interpreter|jit|both",
      "how instructions run; both: in lockstep, up to the first difference (ours)",
    ],
    ["--host-key FILE", "private host key of the Ultravisor; several may be given (ours)"],
    ["--timeout DURATION", "end after 90s, 5m, 2h (ours)"],
    ["--stats, --stats-json FILE", "figures at the end (ours)"],
    [
      "--perf-map FILE, --symbols FILE",
      "where the guest spent its time, with names from a System.map (ours)",
    ],
    ["--xray", "let the host look into a protected guest (ours)"],
  ];
  return `Options:\n${table(rows.map(([option = "", meaning = ""]) => [`  ${option}`, meaning]))}`;
}
