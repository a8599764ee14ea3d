import { LockframeError } from "@lockframe/plugin-api";

/** Every failure of this plugin, with its stable code. */
export const failure = {
  badNetwork: (text: string) =>
    new LockframeError(
      "LF-NET-001",
      `'${text}' is no network`,
      "Write ADDRESS/PREFIX with 8 to 28 bits, for instance 10.0.2.0/24.",
    ),
  badAddress: (name: string, address: string, network: string) =>
    new LockframeError("LF-NET-001", `${name}=${address} is no address of the network ${network}`),
  sameAddress: () =>
    new LockframeError("LF-NET-001", "host, name server and first guest of a network have the same address"),
  badForward: (text: string) =>
    new LockframeError(
      "LF-NET-002",
      `Invalid host forwarding rule '${text}'`,
      "Write tcp:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT, for instance tcp:127.0.0.1:2222-:22.",
    ),
  notListening: (text: string, error: Error) =>
    new LockframeError(
      "LF-NET-003",
      `Could not set up host forwarding rule '${text}': ${error.message}`,
      "Choose another port of the host.",
      { cause: error },
    ),
} as const;
