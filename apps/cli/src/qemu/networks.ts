/** `-netdev user` and `-nic user`: the network that `-device ...,netdev=` names, or one with its own interface. */
import { unimplemented } from "@lockframe/architecture";
import { didYouMean, type DeviceEntry } from "@lockframe/profile";
import { parseBoolean, parsePairs } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

/** The `netdev` of an interface in a profile. */
export interface NetworkOption {
  readonly kind: "user";
  readonly [key: string]: unknown;
}

const texts = ["net", "host", "dns", "dhcpstart", "hostname", "domainname"];
const lists = ["hostfwd", "dnssearch"];
const laterKeys = ["guestfwd", "tftp", "bootfile", "tftp-server-name", "smb", "smbserver"];
const laterBackends = [
  "tap",
  "bridge",
  "socket",
  "stream",
  "dgram",
  "l2tpv3",
  "vde",
  "vhost-user",
  "vhost-vdpa",
];
const ourModels = ["virtio", "virtio-net", "virtio-net-ccw"];

type Pairs = readonly (readonly [key: string, value: string])[];

/** `-netdev user,id=ID,...` */
export function parseNetdev(text: string): { readonly id: string; readonly network: NetworkOption } {
  const context = `-netdev ${text}`;
  const pairs = parsePairs("-netdev", text, "type");
  const { id } = Object.fromEntries(pairs);
  requireUser(context, new Map(pairs).get("type") ?? "");
  if (id === undefined) throw new QemuError("LF-QEMU-003", `${context}: Parameter 'id' is missing`);
  return { id, network: networkOf(context, pairs, ["type", "id"]) };
}

/** `-nic user,model=virtio,mac=ADDRESS,...`, or none. */
export function parseNic(text: string): DeviceEntry[] {
  const context = `-nic ${text}`;
  if (text === "none") return [];
  const pairs = parsePairs("-nic", text, "type");
  const { model = "virtio", mac, id, type } = Object.fromEntries(pairs);
  requireUser(context, type ?? "");
  if (!ourModels.includes(model))
    throw new QemuError(
      "LF-QEMU-003",
      `${context}: Unsupported NIC model: ${model}${didYouMean(model, ourModels)}`,
    );
  const netdev = networkOf(context, pairs, ["type", "id", "model", "mac"]);
  return [
    {
      type: "virtio-net-ccw",
      ...(id !== undefined && { id }),
      ...(mac !== undefined && { mac }),
      netdev,
    },
  ];
}

function requireUser(context: string, backend: string): void {
  if (backend === "user") return;
  if (laterBackends.includes(backend)) unimplemented(`the network ${backend} (${context})`);
  throw new QemuError(
    "LF-QEMU-003",
    `${context}: Parameter 'type' expects a netdev backend type`,
    "There is: user.",
  );
}

function networkOf(context: string, pairs: Pairs, others: readonly string[]): NetworkOption {
  const network: Record<string, unknown> = {};
  for (const [key, value] of pairs) {
    if (others.includes(key)) continue;
    if (texts.includes(key)) network[key] = value;
    else if (lists.includes(key)) network[key] = [...listIn(network[key]), value];
    else if (key === "restrict") network[key] = parseBoolean(context, key, value);
    else if (key === "ipv4") require(context, parseBoolean(context, key, value), "a network without IPv4");
    else if (key === "ipv6") require(context, !parseBoolean(context, key, value), "a network with IPv6");
    else if (laterKeys.includes(key)) unimplemented(`${key}= of a network (${context})`);
    else
      throw new QemuError(
        "LF-QEMU-003",
        `${context}: Invalid parameter '${key}'${didYouMean(key, [...texts, ...lists, "restrict"])}`,
      );
  }
  return { kind: "user", ...network };
}

function require(context: string, holds: boolean, what: string): void {
  if (!holds) unimplemented(`${what} (${context})`);
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
