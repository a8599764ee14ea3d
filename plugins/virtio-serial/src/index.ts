/** virtio console device with its ports. Source: OASIS virtio 1.2, "Console Device". */
import { definePlugin, virtioDevice, z } from "@lockframe/plugin-api";
import { SerialFunction } from "./serial-function.ts";

const CONSOLE = 3;
const MOST_PORTS = 31;

const port = z.strictObject({
  chardev: z.string().meta({ description: "Character device that is at the port's other end" }),
  console: z.boolean().default(false).meta({ description: "The guest may use it as a console (hvc0, ...)" }),
  name: z
    .string()
    .max(100)
    .default("")
    .meta({ description: "Name that the guest sees (/dev/virtio-ports/...)" }),
});

const virtioSerial = virtioDevice({
  type: "virtio-serial-ccw",
  title: "Consoles and serial ports",
  deviceId: CONSOLE,
  config: z.strictObject({
    ports: z.array(port).max(MOST_PORTS).default([]).meta({ description: "Ports, the first a console's" }),
  }),
  needs: ["characterPorts"],
  create: ({ config, characterPorts }) =>
    new SerialFunction(
      config.ports.map(({ chardev, ...rest }) => ({ ...rest, end: characterPorts.open(chardev) })),
    ),
});

export default definePlugin({
  name: "@lockframe/plugin-virtio-serial",
  api: 1,
  title: "Consoles and serial ports for guests",
  devices: [virtioSerial],
});
