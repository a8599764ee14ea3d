import { z } from "zod";

const address = z.ipv4();

/** What a profile says of the network that an interface is attached to. */
export const networkSource = z.strictObject({
  kind: z
    .literal("user")
    .default("user")
    .meta({ description: "A network of its own behind the host's sockets, without privileges" }),
  net: z
    .string()
    .default("10.0.2.0/24")
    .meta({ description: "Addresses of the network: ADDRESS/PREFIX or ADDRESS/MASK" }),
  host: address.optional().meta({ description: "The host's address in it; default the second (10.0.2.2)" }),
  dns: address.optional().meta({ description: "Address of the name server; default the third (10.0.2.3)" }),
  dhcpstart: address
    .optional()
    .meta({ description: "First address that DHCP gives away; default the 15th (10.0.2.15)" }),
  hostname: z.string().max(255).optional().meta({ description: "Host name that DHCP tells the guest" }),
  domainname: z.string().max(255).optional().meta({ description: "Domain name that DHCP tells the guest" }),
  dnssearch: z.array(z.string()).max(16).default([]).meta({ description: "Domains to look names up in" }),
  restrict: z
    .boolean()
    .default(false)
    .meta({ description: "Keep the guest from the host and from everything beyond it" }),
  hostfwd: z.array(z.string()).default([]).meta({
    description: "Ports of the host that lead into the guest: tcp:[HOSTADDR]:PORT-[GUESTADDR]:PORT",
  }),
});
export type NetworkSource = z.output<typeof networkSource>;

/** An Ethernet frame for a guest, and what may be left to its driver. */
export interface Frame {
  /** The frame without padding and check sequence, in pieces. */
  readonly parts: readonly Uint8Array[];
  /**
   * An Internet checksum from byte `start` to the end is to be stored at `start + offset`, where the sum of what else it
   * covers is.
   */
  readonly checksum?: { readonly start: number; readonly offset: number };
  /** It stands for several TCP segments over IPv4: bytes of headers, and of payload of each but the last. */
  readonly segments?: { readonly headers: number; readonly size: number };
}

/** What an interface and its driver can do with frames for the guest. */
export interface FrameAbilities {
  /** Bytes of an IP packet at most. */
  readonly mtu: number;
  /** They may stand for several TCP segments, 64 KiB at most. */
  readonly segments: boolean;
}

/** A place on a network, for one interface of the guest. */
export interface NetworkPort {
  /** A frame from the guest. Checksums may be wrong, and TCP over IPv4 may be in segments up to 64 KiB. */
  send(frame: Uint8Array): void;
  /** Take the next frame for the guest. Those that nobody takes wait with whoever sent them, or are lost. */
  receive(): Frame | undefined;
  /** Call `listener` when frames wait after `receive` said that there are none. The last one set stands. */
  onFrames(listener: () => void): void;
  /** What frames for the guest may be like from now on. */
  adapt(abilities: FrameAbilities): void;
  close(): Promise<void>;
}

/** Networks of the host. */
export interface Networks {
  /** @throws LockframeError LF-NET-0xx the source cannot be as it is */
  open(source: NetworkSource): NetworkPort;
  /** A hardware address that no other interface of this machine has: 6 bytes. */
  hardwareAddress(): Uint8Array;
}
