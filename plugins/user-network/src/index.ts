/**
 * Networks for guests out of the host's own sockets: addresses by DHCP, names by the host's name servers, TCP and UDP to
 * wherever the host gets, and ports of the host that lead into the guest.
 */
import { definePlugin } from "@lockframe/plugin-api";
import { UserNetworks } from "./networks.ts";

const networksOf = new WeakMap<object, UserNetworks>();

export default definePlugin({
  name: "@lockframe/plugin-user-network",
  api: 1,
  title: "Networks behind the host's own sockets",
  taps: {
    assemble({ plan, provide }) {
      const networks = new UserNetworks();
      networksOf.set(plan, networks);
      provide("networks", networks);
    },
    async devicesReady({ plan }) {
      await networksOf.get(plan)?.listening();
    },
  },
});
