import type { Networks, NetworkSource } from "@lockframe/plugin-api";
import { UserNetwork } from "./user-network.ts";

/** As QEMU gives them to its interfaces. */
const FIRST_ADDRESS = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56] as const;

/** The networks of one machine. */
export class UserNetworks implements Networks {
  readonly #open: UserNetwork[] = [];
  #addresses = 0;

  open(source: NetworkSource): UserNetwork {
    const network = new UserNetwork(source);
    this.#open.push(network);
    return network;
  }

  hardwareAddress(): Uint8Array {
    const address = Uint8Array.from(FIRST_ADDRESS);
    address[5] = (FIRST_ADDRESS[5] + this.#addresses++) & 0xff;
    return address;
  }

  /** Resolves when every port of the host is listened at. Rejects with LF-NET-003. */
  async listening(): Promise<void> {
    await Promise.all(this.#open.map((network) => network.listening));
  }
}
