/**
 * From a QEMU command line to a machine profile and what belongs to the run alone: where consoles go, how long it may
 * take. Options are checked in QEMU's order: each by itself, then what they say of each other.
 */
import type { DeviceDefinition } from "@lockframe/plugin-api";
import { didYouMean, type DeviceEntry, type Engine, engines, type ProfileLayer } from "@lockframe/profile";
import { firstPartyNames } from "../plugins.ts";
import type { FigureFiles } from "../run/figure-files.ts";
import { parseDuration } from "../run/duration.ts";
import { type Argument, splitArguments } from "./arguments.ts";
import { type CharacterDevice, parseChardev, parseSerial, type Serial } from "./character-device.ts";
import { type CpuChoice, parseCpu } from "./cpu.ts";
import { parseBoot } from "./boot-option.ts";
import { parseDevice } from "./devices.ts";
import { BlockNodes, type Drive, type DriveSource, parseDrive, parseMedium } from "./drives.ts";
import { type FolderOption, parseFsdev, parseVirtfs } from "./folders.ts";
import { type HelpTopic, helpTopic } from "./help.ts";
import { acceleratorNote, parseMachine } from "./machine-option.ts";
import { type NetworkOption, parseNetdev, parseNic } from "./networks.ts";
import { isOnHugePages, parseObject, type QemuObject } from "./objects.ts";
import { parseMemorySize, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";
import { addSerialPort, parseSerialPort } from "./serial-ports.ts";
import { parseSmp } from "./topology.ts";

/** A command line that starts a machine. */
export interface QemuRun {
  readonly kind: "run";
  readonly layer: ProfileLayer;
  readonly characterDevices: ReadonlyMap<string, CharacterDevice>;
  readonly timeoutMs: number | undefined;
  readonly stats: boolean;
  /** Read `-device`'s argument for a device that comes while the machine runs. @throws QemuError */
  readonly parseDevice: (text: string) => DeviceEntry;
  readonly figures: FigureFiles;
  /** What the user should know: options that mean something else here, or nothing. */
  readonly notes: readonly string[];
}

/** A command line that only asks. */
export interface QemuHelp {
  readonly kind: "help";
  readonly topic: HelpTopic;
}

/** Reads the devices that come to a machine which no such command line started. */
export function deviceParser(definitions: readonly DeviceDefinition[]): (text: string) => DeviceEntry {
  return new Translation([], definitions).result().parseDevice;
}

/** @throws QemuError, UnimplementedError */
export function translate(
  args: readonly string[],
  definitions: readonly DeviceDefinition[],
): QemuRun | QemuHelp {
  const options = splitArguments(args);
  const topic = helpTopic(options);
  return topic === undefined ? new Translation(options, definitions).result() : { kind: "help", topic };
}

const MIB = 2 ** 20;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** @throws QemuError LF-QEMU-003 for an engine that we do not have */
function parseEngine(name: string): Engine {
  const known = engines.find((engine) => engine === name);
  if (known === undefined)
    throw new QemuError("LF-QEMU-003", `--engine ${name}: expected ${engines.join(" or ")}`);
  return known;
}

class Translation {
  readonly #options: readonly Argument[];
  readonly #definitions: readonly DeviceDefinition[];
  readonly #notes: string[] = [];
  readonly #objects = new Map<string, QemuObject>();
  readonly #characterDevices = new Map<string, CharacterDevice>();
  readonly #drives: Drive[] = [];
  readonly #nodes = new BlockNodes();
  readonly #networks = new Map<string, NetworkOption>();
  readonly #folders = new Map<string, FolderOption>();

  constructor(options: readonly Argument[], definitions: readonly DeviceDefinition[]) {
    this.#options = options;
    this.#definitions = definitions;
  }

  result(): QemuRun {
    const machine = parseMachine(this.#all("M", "machine"));
    this.#note(machine.note);
    this.#note(acceleratorNote(`-accel ${this.#last("accel")}`, this.#last("accel")?.split(",")[0]));
    if (this.#has("enable-kvm")) this.#note(acceleratorNote("-enable-kvm", "kvm"));
    const cpu = this.#cpu();
    const count = this.#parsed("smp", parseSmp);
    const engine = this.#parsed("engine", parseEngine);
    const size = this.#memorySize();
    this.#defineObjects();
    this.#defineCharacterDevices();
    this.#defineDrives();
    this.#defineNetworks();
    this.#defineFolders();
    const requested = this.#protectionRequested(machine.confidentialGuest);
    const hugePages = this.#onHugePages(machine.memoryBackend, size);
    const devices = this.#devices();
    const layer: ProfileLayer = {
      profile: 1,
      ...this.#name(),
      plugins: [...firstPartyNames],
      ...(cpu !== undefined && { facilities: { add: [...cpu.add], remove: [...cpu.remove] } }),
      cpus: {
        ...(cpu !== undefined && { model: cpu.model }),
        ...(count !== undefined && { count }),
        ...(engine !== undefined && { engine }),
      },
      storage: {
        ...(size !== undefined && { size }),
        ...(hugePages && { backing: "huge-pages" as const }),
        mergeable: machine.mergeable ?? !requested,
      },
      devices,
      ipl: this.#ipl(machine.loadParameter),
      protection: { requested, hostKeys: this.#all("host-key"), xray: this.#has("xray") },
      onReboot: this.#stopsOnReboot() ? "stop" : "reboot",
    };
    const timeout = this.#last("timeout");
    return {
      kind: "run",
      layer,
      characterDevices: this.#characterDevices,
      timeoutMs: timeout === undefined ? undefined : parseDuration(timeout),
      stats: this.#has("stats"),
      parseDevice: (text) => this.#device(text, new Set()),
      figures: {
        statsJson: this.#last("stats-json"),
        perfMap: this.#last("perf-map"),
        symbols: this.#last("symbols"),
      },
      notes: this.#notes,
    };
  }

  #all(...names: readonly string[]): string[] {
    return this.#options.filter(({ option }) => names.includes(option)).map(({ value }) => value);
  }

  #last(name: string): string | undefined {
    return this.#all(name).at(-1);
  }

  #has(name: string): boolean {
    return this.#options.some(({ option }) => option === name);
  }

  #parsed<Value>(name: string, parse: (text: string) => Value): Value | undefined {
    const text = this.#last(name);
    return text === undefined ? undefined : parse(text);
  }

  #note(text: string | undefined): void {
    if (text !== undefined) this.#notes.push(text);
  }

  #cpu(): CpuChoice | undefined {
    const cpu = this.#parsed("cpu", parseCpu);
    this.#note(cpu?.note);
    return cpu;
  }

  #memorySize(): number | undefined {
    const text = this.#last("m");
    if (text === undefined) return undefined;
    const entries = parseOptions("-m", text, "size");
    for (const key of entries.keys()) {
      if (!["size", "slots", "maxmem"].includes(key)) {
        throw new QemuError("LF-QEMU-003", `-m ${text}: Invalid parameter '${key}'`);
      }
    }
    const size = parseMemorySize("-m", "size", entries.get("size") ?? "", MIB);
    const refuse = (message: string): never => {
      throw new QemuError("LF-QEMU-004", `-m ${text}: ${message}`);
    };
    if (size === 0) refuse("memory size must be greater than zero");
    if (size % MIB !== 0) refuse(`Memory size is not a multiple of 1 MiB; try '${Math.ceil(size / MIB)}M'`);
    if (size >= LARGEST_STORAGE) refuse("ram size too large: guest storage has to fit in less than 16 GiB");
    return size;
  }

  #defineObjects(): void {
    for (const text of this.#all("object")) {
      const { id, object } = parseObject(text);
      if (this.#objects.has(id)) {
        throw new QemuError(
          "LF-QEMU-008",
          `-object ${text}: attempt to add duplicate property '${id}' to object (type 'container')`,
        );
      }
      this.#objects.set(id, object);
    }
  }

  #defineCharacterDevices(): void {
    for (const text of this.#all("chardev")) {
      const { id, device } = parseChardev(text);
      if (this.#characterDevices.has(id)) {
        throw new QemuError("LF-QEMU-011", `-chardev ${text}: Duplicate ID '${id}' for chardev`);
      }
      this.#addCharacterDevice(id, device, `-chardev ${text}`);
    }
  }

  #addCharacterDevice(id: string, device: CharacterDevice, context: string): void {
    const stdioTaken = [...this.#characterDevices.values()].some(({ backend }) => backend === "stdio");
    if (device.backend === "stdio" && stdioTaken) {
      throw new QemuError("LF-QEMU-011", `${context}: cannot use stdio by multiple character devices`);
    }
    this.#characterDevices.set(id, device);
  }

  #protectionRequested(id: string | undefined): boolean {
    if (id === undefined) return false;
    const object = this.#objects.get(id);
    if (object === undefined) {
      throw new QemuError(
        "LF-QEMU-008",
        `-machine confidential-guest-support=${id}: Device '${id}' not found${didYouMean(id, this.#objects.keys())}`,
        `Add \`-object s390-pv-guest,id=${id}\`.`,
      );
    }
    if (object.type !== "s390-pv-guest") {
      throw new QemuError(
        "LF-QEMU-008",
        `-machine confidential-guest-support=${id}: Invalid parameter type for 'confidential-guest-support', expected: confidential-guest-support`,
        `\`${id}\` is a ${object.type}; it must be an s390-pv-guest.`,
      );
    }
    return true;
  }

  #onHugePages(backend: string | undefined, size: number | undefined): boolean {
    const path = this.#last("mem-path");
    if (backend === undefined) return path !== undefined && isOnHugePages(`-mem-path ${path}`, path);
    const context = `-machine memory-backend=${backend}`;
    const object = this.#objects.get(backend);
    if (object?.type !== "memory-backend") {
      throw new QemuError(
        "LF-QEMU-008",
        `${context}: Memory backend '${backend}' not found${didYouMean(backend, this.#objects.keys())}`,
      );
    }
    const whole = size ?? DEFAULT_SIZE;
    if (object.size !== whole) {
      throw new QemuError(
        "LF-QEMU-004",
        `${context}: Machine memory size does not match the size of the memory backend`,
      );
    }
    return object.hugePages;
  }

  #defineDrives(): void {
    const snapshots = this.#has("snapshot");
    for (const text of this.#all("drive")) {
      const drive = parseDrive(text, snapshots);
      if (drive.id !== undefined && this.#drives.some(({ id }) => id === drive.id))
        throw new QemuError("LF-QEMU-003", `-drive ${text}: Duplicate ID '${drive.id}' for drive`);
      this.#addDrive(drive);
    }
    for (const file of this.#all("hda", "hdb")) this.#addDrive(parseMedium(file, snapshots, false));
    for (const file of this.#all("cdrom")) this.#addDrive(parseMedium(file, snapshots, true));
    const nodes = this.#all("blockdev");
    if (snapshots && nodes.length > 0)
      throw new QemuError(
        "LF-QEMU-003",
        "-snapshot is incompatible with -blockdev",
        "Use -drive with snapshot=on for what is not to be written to.",
      );
    for (const text of nodes) this.#nodes.add(text);
  }

  #defineNetworks(): void {
    for (const text of this.#all("netdev")) {
      const { id, network } = parseNetdev(text);
      if (this.#networks.has(id))
        throw new QemuError("LF-QEMU-003", `-netdev ${text}: Duplicate ID '${id}' for netdev`);
      this.#networks.set(id, network);
    }
  }

  #addDrive(drive: Drive): void {
    this.#drives.push(drive);
    if (drive.source.guessed && drive.source.format === "raw")
      this.#note(`image format was not specified for '${drive.source.file}' and probing guessed raw`);
  }

  #defineFolders(): void {
    for (const text of this.#all("fsdev")) {
      const { id, folder } = parseFsdev(text);
      if (this.#folders.has(id))
        throw new QemuError("LF-QEMU-003", `-fsdev ${text}: Duplicate ID '${id}' for fsdev`);
      this.#folders.set(id, folder);
    }
  }

  #devices(): DeviceEntry[] {
    const used = new Set<string>();
    const devices: DeviceEntry[] = [];
    const bootIndexes = new Set<unknown>();
    const watchdogAction = this.#watchdogAction();
    for (const text of this.#all("device")) {
      const port = parseSerialPort(text);
      if (port !== undefined) {
        this.#requireChardev(
          `-device ${text}`,
          port.console ? "virtconsole" : "virtserialport",
          port.chardev,
        );
        addSerialPort(port, devices);
        continue;
      }
      const entry = this.#device(text, used);
      const bootIndex = entry["bootindex"];
      if (bootIndexes.has(bootIndex))
        throw new QemuError(
          "LF-QEMU-003",
          `-device ${text}: The bootindex ${String(bootIndex)} has already been used`,
        );
      if (bootIndex !== undefined) bootIndexes.add(bootIndex);
      if (entry.type === "diag288" && watchdogAction !== undefined) entry["action"] = watchdogAction;
      devices.push(entry);
    }
    for (const text of this.#all("nic")) devices.push(...parseNic(text));
    for (const text of this.#all("virtfs")) devices.push(parseVirtfs(text));
    for (const id of this.#networks.keys())
      if (!used.has(networkKey(id))) this.#note(`-netdev '${id}' has no peer`);
    const disks = this.#drives
      .filter(({ ownDevice }) => ownDevice)
      .map(({ source }): DeviceEntry => ({ type: "virtio-blk-ccw", drive: source }));
    return [...this.#serialConsoles(), ...devices, ...disks];
  }

  /** @param used names of drives and networks that have a device */
  #device(text: string, used: Set<string>): DeviceEntry {
    const entry = parseDevice(text, this.#definitions);
    this.#checkChardev(`-device ${text}`, entry);
    this.#resolveDrive(`-device ${text}`, entry, used);
    this.#resolveRng(`-device ${text}`, entry);
    this.#resolveNetwork(`-device ${text}`, entry, used);
    this.#resolveFolder(`-device ${text}`, entry);
    return entry;
  }

  /** Put what the name of a drive stands for into its device. */
  #resolveDrive(context: string, entry: DeviceEntry, used: Set<string>): void {
    if (!this.#definitions.some(({ type, config }) => type === entry.type && "drive" in config.shape)) return;
    const id = entry["drive"];
    if (typeof id !== "string") throw new QemuError("LF-QEMU-003", `${context}: drive property not set`);
    const source = this.#sourceOf(id);
    if (source === undefined) {
      const names = [...this.#drives.flatMap((drive) => drive.id ?? []), ...this.#nodes.names()];
      throw new QemuError(
        "LF-QEMU-003",
        `${context}: Property '${entry.type}.drive' can't find value '${id}'${didYouMean(id, names)}`,
      );
    }
    if (used.has(id))
      throw new QemuError(
        "LF-QEMU-003",
        `${context}: Drive '${id}' is already in use by another block device`,
      );
    used.add(id);
    entry["drive"] = source;
  }

  #sourceOf(id: string): DriveSource | undefined {
    const drive = this.#drives.find((each) => each.id === id && !each.ownDevice);
    return drive?.source ?? this.#nodes.source(id);
  }

  /** Put what the name of a network stands for into its interface. */
  #resolveNetwork(context: string, entry: DeviceEntry, used: Set<string>): void {
    if (!this.#definitions.some(({ type, config }) => type === entry.type && "netdev" in config.shape))
      return;
    const id = entry["netdev"];
    if (typeof id !== "string") {
      this.#note(`${context}: the interface has no network`);
      return;
    }
    const network = this.#networks.get(id);
    if (network === undefined) {
      throw new QemuError(
        "LF-QEMU-003",
        `${context}: Property '${entry.type}.netdev' can't find value '${id}'${didYouMean(id, this.#networks.keys())}`,
      );
    }
    if (used.has(networkKey(id)))
      throw new QemuError(
        "LF-QEMU-003",
        `${context}: Property '${entry.type}.netdev' can't take value '${id}', it's in use`,
      );
    used.add(networkKey(id));
    entry["netdev"] = network;
  }

  /** Put what the name of a folder stands for into its device. */
  #resolveFolder(context: string, entry: DeviceEntry): void {
    if (!this.#definitions.some(({ type, config }) => type === entry.type && "fsdev" in config.shape)) return;
    const id = entry["fsdev"];
    const folder = typeof id === "string" ? this.#folders.get(id) : undefined;
    if (folder === undefined) {
      const given = typeof id === "string" ? id : "";
      throw new QemuError(
        "LF-QEMU-003",
        `${context}: Virtio-9p device couldn't find fsdev with the id = ${given}${didYouMean(given, this.#folders.keys())}`,
      );
    }
    entry["fsdev"] = folder;
  }

  /** Every source of random bytes is the host's generator: the name must be there, and says nothing more. */
  #resolveRng(context: string, entry: DeviceEntry): void {
    const id = entry["rng"];
    if (typeof id !== "string") return;
    if (this.#objects.get(id)?.type !== "rng") {
      throw new QemuError(
        "LF-QEMU-008",
        `${context}: Device '${id}' not found${didYouMean(id, this.#objects.keys())}`,
      );
    }
    delete entry["rng"];
  }

  #checkChardev(context: string, entry: DeviceEntry): void {
    if (!this.#definitions.some(({ type, config }) => type === entry.type && "chardev" in config.shape))
      return;
    const id = entry["chardev"];
    if (typeof id !== "string")
      throw new QemuError("LF-QEMU-011", `${context}: Can't create chardev: parameter 'chardev' is missing`);
    this.#requireChardev(context, entry.type, id);
  }

  #requireChardev(context: string, type: string, id: string): void {
    if (!this.#characterDevices.has(id)) {
      throw new QemuError(
        "LF-QEMU-011",
        `${context}: Property '${type}.chardev' can't find value '${id}'${didYouMean(id, this.#characterDevices.keys())}`,
      );
    }
  }

  /** The first `-serial` is the ASCII console, the second the line-mode console. */
  #serialConsoles(): DeviceEntry[] {
    const kinds = ["sclpconsole", "sclplmconsole"];
    return this.#serials().flatMap((serial, index) => {
      const type = kinds[index];
      if (type === undefined)
        throw new QemuError("LF-QEMU-011", "-serial: this machine has two serial devices at most");
      if (serial.kind === "none") return [];
      const id = `serial${index}`;
      if (serial.kind === "reference") {
        const entry: DeviceEntry = { type, id, chardev: serial.id };
        this.#checkChardev(`-serial chardev:${serial.id}`, entry);
        return [entry];
      }
      this.#addCharacterDevice(id, serial.device, "-serial");
      return [{ type, id, chardev: id }];
    });
  }

  #serials(): Serial[] {
    const given = this.#all("serial").map(parseSerial);
    if (given.length > 0 || this.#has("nodefaults")) return given;
    const display = this.#last("display");
    if (this.#has("nographic") || display === undefined) return [parseSerial("mon:stdio")];
    if (display !== "none")
      throw new QemuError(
        "LF-QEMU-014",
        `-display ${display}: there is no graphical display here; use -nographic`,
      );
    if (!this.#has("device")) this.#note("the guest has no console; add `-serial mon:stdio` to see it");
    return [];
  }

  #ipl(machineLoadParameter: string | undefined): NonNullable<ProfileLayer["ipl"]> {
    const kernel = this.#last("kernel");
    const initrd = this.#last("initrd");
    const commandLine = this.#last("append");
    if (kernel === undefined) {
      if (initrd !== undefined)
        throw new QemuError("LF-QEMU-013", "-initrd only allowed with -kernel option");
      if (commandLine !== undefined)
        throw new QemuError("LF-QEMU-013", "-append only allowed with -kernel option");
    }
    const bios = this.#last("bios");
    return {
      ...(kernel !== undefined && { kernel }),
      ...(initrd !== undefined && { initrd }),
      ...(commandLine !== undefined && { commandLine }),
      ...(bios !== undefined && { bios }),
      ...parseBoot(this.#all("boot")),
      ...(machineLoadParameter !== undefined && { loadParameter: machineLoadParameter }),
    };
  }

  #name(): { name?: string; uuid?: string } {
    const text = this.#last("name");
    const name = text === undefined ? undefined : parseOptions("-name", text, "guest").get("guest");
    const uuid = this.#last("uuid");
    if (uuid !== undefined && !UUID.test(uuid))
      throw new QemuError("LF-QEMU-003", `-uuid ${uuid}: failed to parse UUID`);
    return { ...(name !== undefined && { name }), ...(uuid !== undefined && { uuid: uuid.toLowerCase() }) };
  }

  /** `-watchdog-action`, or the same in `-action`; undefined: the watchdog's own default. */
  #watchdogAction(): string | undefined {
    let action = this.#last("watchdog-action");
    for (const text of this.#all("action"))
      action = parseOptions("-action", text, undefined).get("watchdog") ?? action;
    if (action !== undefined && !watchdogActions.includes(action))
      throw new QemuError(
        "LF-QEMU-003",
        `-watchdog-action ${action}: invalid value${didYouMean(action, watchdogActions)}`,
      );
    return action;
  }

  #stopsOnReboot(): boolean {
    let stops = this.#has("no-reboot");
    for (const text of this.#all("action")) {
      for (const [event, action] of parseOptions("-action", text, undefined)) {
        if (event === "watchdog") continue;
        if (event === "reboot" && (action === "shutdown" || action === "reset"))
          stops = action === "shutdown";
        else if (event !== "panic" || !["shutdown", "exit-failure"].includes(action)) {
          throw new QemuError("LF-QEMU-003", `-action ${text}: ${event}=${action} is not supported`);
        }
      }
    }
    return stops;
  }
}

/** Drives and networks may have the same name. */
const networkKey = (id: string): string => `netdev ${id}`;

const watchdogActions = ["reset", "shutdown", "poweroff", "inject-nmi", "pause", "debug", "none"];
const DEFAULT_SIZE = 512 * MIB;
const LARGEST_STORAGE = 16 * 2 ** 30;
