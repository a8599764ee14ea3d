import type { DeviceDefinition } from "@lockframe/plugin-api";
import { z } from "zod";
import { deviceEntry, layerSchema } from "./schema.ts";

/**
 * The JSON Schema (draft 7, which YAML editors read) of profile files, with the devices of the given plugins, so that
 * an editor completes the properties of each.
 */
export function profileJsonSchema(devices: readonly DeviceDefinition[]): object {
  const entries = devices.map((definition) =>
    z
      .strictObject({
        ...deviceEntry.shape,
        ...z.strictObject(definition.config.shape).partial().shape,
        type: z.literal(definition.type).meta({ description: definition.title }),
      })
      .meta({ title: definition.type }),
  );
  const [first, ...others] = entries;
  const schema =
    first === undefined
      ? layerSchema
      : layerSchema.extend({ devices: z.array(z.discriminatedUnion("type", [first, ...others])).optional() });
  return {
    ...z.toJSONSchema(schema, { target: "draft-7", io: "input" }),
    title: "Lockframe machine profile",
  };
}
