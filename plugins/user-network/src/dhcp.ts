/** DHCP for the guests of a network: RFC 2131, options RFC 2132 and RFC 3397. */
import type { Ipv4 } from "./ipv4.ts";
import { viewOf } from "./packet.ts";
import type { Settings } from "./settings.ts";

export const dhcpPort = { server: 67, client: 68 } as const;

const FIXED = 236;
const MAGIC = 0x63825363;
const LEASE_SECONDS = 86_400;
/** Addresses to give away. */
const MOST_LEASES = 16;
const message = { discover: 1, offer: 2, request: 3, acknowledge: 5, refuse: 6 } as const;
const option = {
  mask: 1,
  router: 3,
  nameServer: 6,
  hostName: 12,
  domainName: 15,
  wanted: 50,
  lease: 51,
  kind: 53,
  server: 54,
  searchDomains: 119,
  end: 255,
} as const;

export class Dhcp {
  readonly #settings: Settings;
  /** Hardware addresses by the place of what they were given. */
  readonly #leases: string[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** What to answer a client; undefined: nothing. */
  answer(request: Uint8Array): Uint8Array | undefined {
    if (request.length < FIXED + 4 || request[0] !== 1) return undefined;
    const view = viewOf(request);
    if (view.getUint32(FIXED) !== MAGIC) return undefined;
    const options = parseOptions(request.subarray(FIXED + 4));
    const kind = options.get(option.kind)?.[0];
    const address = this.#addressFor(request.subarray(28, 34));
    if (address === undefined) return undefined;
    switch (kind) {
      case message.discover:
        return this.#reply(request, message.offer, address);
      case message.request: {
        const wanted = addressIn(options.get(option.wanted)) ?? view.getUint32(12);
        const server = addressIn(options.get(option.server));
        if (server !== undefined && server !== this.#settings.host) return undefined; // it took another's offer
        const fits = wanted === address;
        return this.#reply(request, fits ? message.acknowledge : message.refuse, address);
      }
      default:
        return undefined;
    }
  }

  #addressFor(hardware: Uint8Array): Ipv4 | undefined {
    const key = Buffer.from(hardware).toString("hex");
    let place = this.#leases.indexOf(key);
    if (place < 0) {
      if (this.#leases.length >= MOST_LEASES) return undefined;
      place = this.#leases.push(key) - 1;
    }
    const { network, firstGuest } = this.#settings;
    const address = firstGuest + place;
    return (address & network.mask) >>> 0 === network.address ? address : undefined;
  }

  #reply(request: Uint8Array, kind: number, address: Ipv4): Uint8Array {
    const { network, host, nameServer, restricted, hostName, domainName, searchDomains } = this.#settings;
    const fixed = new Uint8Array(FIXED + 4);
    fixed.set(request.subarray(0, FIXED));
    const view = viewOf(fixed);
    fixed[0] = 2; // reply
    fixed[3] = 0;
    view.setUint32(16, kind === message.refuse ? 0 : address);
    view.setUint32(20, host);
    fixed.fill(0, 44, FIXED); // no server name, no file
    view.setUint32(FIXED, MAGIC);
    const options = [one(option.kind, Uint8Array.of(kind)), one(option.server, fourBytes(host))];
    if (kind !== message.refuse) {
      options.push(one(option.mask, fourBytes(network.mask)), one(option.lease, fourBytes(LEASE_SECONDS)));
      if (!restricted)
        options.push(one(option.router, fourBytes(host)), one(option.nameServer, fourBytes(nameServer)));
      if (hostName !== undefined) options.push(one(option.hostName, Buffer.from(hostName)));
      if (domainName !== undefined) options.push(one(option.domainName, Buffer.from(domainName)));
      if (searchDomains.length > 0) options.push(...long(option.searchDomains, labels(searchDomains)));
    }
    const bytes = Buffer.concat([fixed, ...options, Uint8Array.of(option.end)]);
    return Buffer.concat([bytes, new Uint8Array(Math.max(0, 300 - bytes.length))]);
  }
}

function parseOptions(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length && bytes[at] !== option.end;) {
    const code = bytes[at++] ?? 0;
    if (code === 0) continue;
    const length = bytes[at++] ?? 0;
    options.set(code, bytes.subarray(at, at + length));
    at += length;
  }
  return options;
}

function one(code: number, value: Uint8Array): Uint8Array {
  return Uint8Array.of(code, value.length, ...value);
}

/** A value too long for one option goes on in others of the same code. */
function long(code: number, value: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(value.length / 255) }, (_, piece) =>
    one(code, value.subarray(255 * piece, 255 * (piece + 1))),
  );
}

/** Domain names as name servers write them. */
function labels(names: readonly string[]): Uint8Array {
  const encode = (label: string): Uint8Array => Buffer.from(label.slice(0, 63));
  return Buffer.concat(
    names.flatMap((name) => [
      ...name
        .split(".")
        .filter(Boolean)
        .flatMap((label) => [Uint8Array.of(encode(label).length), encode(label)]),
      Uint8Array.of(0),
    ]),
  );
}

function fourBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function addressIn(bytes: Uint8Array | undefined): Ipv4 | undefined {
  return bytes?.length === 4 ? viewOf(bytes).getUint32(0) : undefined;
}
