/** Machine profiles: one schema, inheritance, the origin of every value, diagnostics with file, line and column. */
export { check, type Checked } from "./check.ts";
export * from "./define-machine.ts";
export * from "./diagnostic.ts";
export * from "./json-schema.ts";
export * from "./load.ts";
export * from "./origin.ts";
export * from "./resolve.ts";
export {
  type DeviceEntry,
  EMBEDDED_BIOS,
  type Engine,
  engines,
  type Profile,
  type ProfileLayer,
} from "./schema.ts";
export * from "./show.ts";
export * from "./size.ts";
export * from "./suggest.ts";
