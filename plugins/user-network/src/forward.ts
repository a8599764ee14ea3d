import { failure } from "./errors.ts";
import { type Ipv4, parseIpv4 } from "./ipv4.ts";

/** A port of the host that leads to one of a guest. */
export interface Forward {
  /** As the user wrote it. */
  readonly text: string;
  readonly protocol: "tcp" | "udp";
  /** Address of the host to listen at; every one by default, as QEMU does. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestAddress: Ipv4;
  readonly guestPort: number;
}

const RULE = /^(tcp|udp)?:(\[[^\]]*\]|[^:]*):(\d{1,5})-([^:]*):(\d{1,5})$/;

/** `[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT`. @throws LockframeError LF-NET-002 */
export function parseForward(text: string, guest: Ipv4): Forward {
  const [, protocol = "tcp", hostAddress = "", hostPort, guestAddress = "", guestPort] =
    RULE.exec(text) ?? [];
  const to = guestAddress === "" ? guest : parseIpv4(guestAddress);
  const fits = Number(hostPort) <= 0xffff && Number(guestPort) > 0 && Number(guestPort) <= 0xffff;
  if (to === undefined || !fits) throw failure.badForward(text);
  return {
    text,
    protocol: protocol === "udp" ? "udp" : "tcp",
    hostAddress: hostAddress === "" ? "0.0.0.0" : hostAddress.replace(/^\[|\]$/g, ""),
    hostPort: Number(hostPort),
    guestAddress: to,
    guestPort: Number(guestPort),
  };
}
