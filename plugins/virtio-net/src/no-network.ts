import type { NetworkPort } from "@lockframe/plugin-api";

/** The port of an interface whose cable is not plugged in: frames of the guest go nowhere, none come. */
export const noNetwork: NetworkPort = {
  send() {},
  receive: () => undefined,
  onFrames() {},
  adapt() {},
  close: () => Promise.resolve(),
};
