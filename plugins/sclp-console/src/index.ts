/** The two consoles behind the service-call processor, named as QEMU names them. */
import { definePlugin, device, z } from "@lockframe/plugin-api";

const config = z.strictObject({
  chardev: z
    .string()
    .default("stdio")
    .meta({ description: "Character device that is the console's terminal" }),
});

const asciiConsole = device({
  type: "sclpconsole",
  title: "ASCII console (VT220)",
  class: "sclp-event",
  config,
  needs: ["consoles", "characterPorts"],
  create({ config, consoles, characterPorts }) {
    consoles.ascii(characterPorts.open(config.chardev));
    return {};
  },
});

const lineModeConsole = device({
  type: "sclplmconsole",
  title: "Line-mode console (operating system messages)",
  class: "sclp-event",
  config,
  needs: ["consoles", "characterPorts"],
  create({ config, consoles, characterPorts }) {
    consoles.lineMode(characterPorts.open(config.chardev));
    return {};
  },
});

export default definePlugin({
  name: "@lockframe/plugin-sclp-console",
  api: 1,
  title: "Consoles of the service-call processor",
  devices: [asciiConsole, lineModeConsole],
});
