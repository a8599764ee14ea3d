import type { DeviceDefinition } from "@lockframe/plugin-api";
import { didYouMean, type DeviceEntry } from "@lockframe/profile";
import { z } from "zod";
import { parseJson } from "./objects.ts";
import { parseBoolean, parseNumber, parseOptions } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

/** `-device TYPE[,id=ID][,devno=css.ssid.devno][,property=value]...`, or the same as a JSON object. */
export function parseDevice(text: string, definitions: readonly DeviceDefinition[]): DeviceEntry {
  const option = "-device";
  const entries = text.startsWith("{") ? parseJson(option, text) : parseOptions(option, text, "driver");
  const given = entries.get("driver");
  if (given === undefined || given === "")
    throw new QemuError("LF-QEMU-003", `${option} ${text}: Parameter 'driver' is missing`);
  const definition =
    definitions.find((each) => each.type === given) ??
    definitions.find((each) => each.type === `${given}-ccw`);
  const type = definition?.type ?? given;
  const entry: DeviceEntry = { type };
  for (const [key, value] of entries) {
    if (key === "driver") continue;
    if (referenceKeys.includes(key) && definition?.class === "virtio") entry[key] = value;
    else if (key === "id") entry.id = value;
    else if (key === "devno") entry.at = value;
    else entry[key] = convert(definition, `${option} ${text}`, key, value);
  }
  return entry;
}

/** Properties of virtio devices that name something defined by another option. The translation resolves them. */
const referenceKeys = ["drive", "rng", "netdev", "fsdev"];

/** The text of a property as the kind of value that the device wants. A kind unknown to us is refused later, by name. */
function convert(
  definition: DeviceDefinition | undefined,
  context: string,
  key: string,
  value: string,
): unknown {
  if (definition === undefined) return value;
  let schema: unknown = definition.config.shape[key];
  if (schema === undefined) {
    throw new QemuError(
      "LF-QEMU-012",
      `${context}: Property '${definition.type}.${key}' not found${didYouMean(key, Object.keys(definition.config.shape))}`,
    );
  }
  while (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) schema = schema.unwrap();
  if (schema instanceof z.ZodUnion && schema.options.every(isNumberLiteral))
    return parseNumber(context, key, value);
  if (schema instanceof z.ZodBoolean) return parseBoolean(context, key, value);
  if (schema instanceof z.ZodNumber) return parseNumber(context, key, value);
  return value;
}

function isNumberLiteral(schema: unknown): boolean {
  return schema instanceof z.ZodLiteral && typeof schema.value === "number";
}
