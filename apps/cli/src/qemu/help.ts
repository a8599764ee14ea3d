/** What `-h`, `-version`, `-cpu help` and their like print. */
import { cpuModels, facilities, MAX_MODEL } from "@lockframe/architecture";
import type { DeviceDefinition } from "@lockframe/plugin-api";
import { table } from "../invocation.ts";
import type { Argument } from "./arguments.ts";
import { objectNames } from "./objects.ts";

const topics = ["accel", "chardev", "cpu", "device", "machine", "netdev", "object"] as const;
export type HelpTopic = (typeof topics)[number] | "command" | "version";

/** What is asked for; undefined when the command line is to start a machine. */
export function helpTopic(options: readonly Argument[]): HelpTopic | undefined {
  for (const { option, value } of options) {
    if (option === "h" || option === "help") return "command";
    if (option === "version") return "version";
    const name = option === "M" ? "machine" : option;
    const topic = topics.find((each) => each === name);
    if (topic !== undefined && (value === "help" || value === "?")) return topic;
  }
  return undefined;
}

/** The text about everything but the command itself and its version. */
export function helpText(topic: (typeof topics)[number], definitions: readonly DeviceDefinition[]): string {
  switch (topic) {
    case "accel":
      return "Accelerators supported:\ntcg";
    case "chardev":
      return "Available chardev backend types:\n  file\n  null\n  stdio";
    case "cpu":
      return cpuHelp();
    case "device":
      return table(definitions.map(({ type, title }) => [`name "${type}"`, `desc "${title}"`]));
    case "machine":
      return "Supported machines are:\ns390-ccw-virtio      Virtual s390x machine (default)";
    case "netdev":
      return "Available netdev backend types:\nuser";
    case "object":
      return `List of user creatable objects:\n${objectNames.map((name) => `  ${name}`).join("\n")}`;
  }
}

function cpuHelp(): string {
  const models = [
    [MAX_MODEL, "Everything that is implemented"],
    ...cpuModels.map(({ name, aliases, title }) => [
      name,
      aliases.length > 0 ? `${title} (also ${aliases.join(", ")})` : title,
    ]),
  ];
  const features = facilities.map(({ alias, name, bit }) => [alias, name, `facility ${bit}`]);
  return `Available CPUs:\n${table(models)}\n\nRecognized feature flags:\n${table(features)}`;
}
