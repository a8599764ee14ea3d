/** Watchdog, named as QEMU names it. */
import { definePlugin, device, z } from "@lockframe/plugin-api";
import { Watchdog, watchdogActions } from "./watchdog.ts";

const diag288 = device({
  type: "diag288",
  title: "Watchdog that a guest winds up by DIAGNOSE 288",
  class: "diagnose",
  config: z.strictObject({
    action: z
      .enum(watchdogActions)
      .default("reset")
      .meta({ description: "What happens when the guest does not wind it up in time" }),
  }),
  needs: ["control", "timers", "log"],
  create({ config, ...parts }) {
    const watchdog = new Watchdog(config.action, parts);
    return {
      diagnose: { code: 0x288, execute: (call) => watchdog.execute(call) },
      reset: () => watchdog.reset(),
      dispose: () => watchdog.reset(),
    };
  },
});

export default definePlugin({
  name: "@lockframe/plugin-diag288",
  api: 1,
  title: "Watchdog",
  devices: [diag288],
});
