/** Where on the host what a guest names is, and the other way round. */
import { getServers } from "node:dns";
import { isIPv4 } from "node:net";
import { contains, formatIpv4, type Ipv4, isUnicast, parseIpv4 } from "./ipv4.ts";
import type { Settings } from "./settings.ts";

const LOOPBACK = "127.0.0.1";
const NAME_SERVICE = 53;

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export class HostSide {
  readonly #settings: Settings;
  readonly #servers: () => readonly string[];

  /** @param servers the host's name servers: `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT` */
  constructor(settings: Settings, servers: () => readonly string[] = getServers) {
    this.#settings = settings;
    this.#servers = servers;
  }

  /** The host's own address, which others beyond it share where they have none. */
  get gateway(): Ipv4 {
    return this.#settings.host;
  }

  /** Where a guest's packets to an address go; undefined: nowhere. */
  endpointOf(address: Ipv4, port: number): Endpoint | undefined {
    const { host, nameServer, network } = this.#settings;
    if (address === nameServer) return port === NAME_SERVICE ? this.#nameServer() : undefined;
    if (address === host) return { address: LOOPBACK, port };
    if (contains(network, address) || !isUnicast(address)) return undefined;
    return { address: formatIpv4(address), port };
  }

  /** The address that a guest sees in place of a peer of the host; undefined: there is none. */
  seenAs(address: string): Ipv4 | undefined {
    const plain = address.replace(/^::ffff:/i, "");
    if (plain === "::1" || plain.startsWith("127.")) return this.#settings.host;
    const seen = parseIpv4(plain);
    return seen === undefined || contains(this.#settings.network, seen) ? undefined : seen;
  }

  #nameServer(): Endpoint | undefined {
    const servers = this.#servers().map(parseServer);
    return servers.find((server) => isIPv4(server.address)) ?? servers[0];
  }
}

function parseServer(text: string): Endpoint {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  return { address, port: port === undefined ? NAME_SERVICE : Number(port) };
}
