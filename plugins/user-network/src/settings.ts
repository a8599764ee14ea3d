import type { NetworkSource } from "@lockframe/plugin-api";
import { failure } from "./errors.ts";
import { type Forward, parseForward } from "./forward.ts";
import { contains, type Ipv4, type Ipv4Network, parseIpv4, parseNetwork } from "./ipv4.ts";

/** Where everything is in a network, as its guest sees it. */
export interface Settings {
  readonly network: Ipv4Network;
  readonly host: Ipv4;
  readonly nameServer: Ipv4;
  /** First address that DHCP gives away. */
  readonly firstGuest: Ipv4;
  readonly hostName: string | undefined;
  readonly domainName: string | undefined;
  readonly searchDomains: readonly string[];
  readonly restricted: boolean;
  readonly forwards: readonly Forward[];
}

/** @throws LockframeError LF-NET-001 an address does not fit, LF-NET-002 a forwarded port cannot be read */
export function settingsOf(source: NetworkSource): Settings {
  const network = parseNetwork(source.net);
  if (network === undefined) throw failure.badNetwork(source.net);
  const place = (name: string, given: string | undefined, otherwise: number): Ipv4 => {
    const address = given === undefined ? (network.address | otherwise) >>> 0 : parseIpv4(given);
    if (address === undefined || !contains(network, address))
      throw failure.badAddress(name, given ?? "", source.net);
    return address;
  };
  const host = place("host", source.host, 2);
  const nameServer = place("dns", source.dns, 3);
  const firstGuest = place("dhcpstart", source.dhcpstart, 15);
  if (new Set([host, nameServer, firstGuest]).size < 3) throw failure.sameAddress();
  return {
    network,
    host,
    nameServer,
    firstGuest,
    hostName: source.hostname,
    domainName: source.domainname,
    searchDomains: source.dnssearch,
    restricted: source.restrict,
    forwards: source.hostfwd.map((text) => parseForward(text, firstGuest)),
  };
}
