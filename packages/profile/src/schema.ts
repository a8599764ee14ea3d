/** The schema of a machine profile. Everything else about profiles (types, JSON Schema, messages) follows from it. */
import { cpuModels, facilities, MAX_MODEL } from "@lockframe/architecture";
import { z } from "zod";
import { SIZE_PATTERN } from "./size.ts";

/** The version that this schema describes: `profile: 1`. */
export const PROFILE_VERSION = 1;

const facilityName = z.enum(facilities.map(({ name }) => name));
const modelName = z.enum([MAX_MODEL, ...cpuModels.flatMap(({ name, aliases }) => [name, ...aliases])]);

/** How instructions can run. */
export const engines = ["interpreter", "jit", "both"] as const;
export type Engine = (typeof engines)[number];

const cpus = z.strictObject({
  model: modelName.meta({ description: "Machine type, or `max` for whatever is implemented" }),
  count: z.int().min(1).max(248).meta({ description: "CPUs at start" }),
  engine: z.enum(engines).meta({ description: "How instructions run" }),
});

const facilityChanges = z.strictObject({
  add: z.array(facilityName).meta({ description: "Facilities beyond those of the model" }),
  remove: z.array(facilityName).meta({ description: "Facilities of the model that the guest must not see" }),
});

const size = z.union([
  z.int().min(1),
  z.string().regex(SIZE_PATTERN, "expected a size such as 512MiB or 2GiB"),
]);

const storage = z.strictObject({
  size: size.meta({
    description:
      "Guest storage: bytes, or a number with KiB, MiB, GiB; a multiple of 1 MiB, less than 16 GiB",
  }),
  backing: z.enum(["anonymous", "huge-pages"]).meta({ description: "What stands behind it on the host" }),
  mergeable: z.boolean().meta({ description: "Whether the host may merge equal pages" }),
});

/** Device numbers are always written `css.ssid.devno`, which no YAML rule can mistake for a number. */
const deviceNumber = z
  .string()
  .regex(
    /^(?:[0-9a-f]{1,2})\.[0-3]\.[0-9a-f]{4}$/,
    "expected a device number css.ssid.devno, for instance 0.0.1000",
  );

export const deviceEntry = z.looseObject({
  type: z.string().meta({ description: "Kind of device, as a plugin names it" }),
  id: z.string().min(1).optional().meta({ description: "Name by which others refer to it" }),
  at: deviceNumber.optional().meta({ description: "Device number css.ssid.devno" }),
});

/** The word for the loader that comes along, where the path of boot firmware could stand. */
export const EMBEDDED_BIOS = "embedded";

const ipl = z.strictObject({
  kernel: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Kernel or Secure Execution image", format: "path" }),
  initrd: z.string().min(1).optional().meta({ description: "Initial RAM disk", format: "path" }),
  commandLine: z.string().optional().meta({ description: "Kernel command line" }),
  bios: z.string().min(1).optional().meta({
    description: "What boots from devices: `embedded`, or the path of boot firmware such as s390-ccw.img",
  }),
  menu: z
    .boolean()
    .optional()
    .meta({ description: "Show the boot menu or do not; absent: as the disk says" }),
  menuTimeout: z
    .int()
    .min(0)
    .max(0xffffffff)
    .optional()
    .meta({ description: "Milliseconds after which the menu takes its default; 0 or absent: never" }),
  loadParameter: z
    .string()
    .regex(/^[A-Za-z0-9. ]{0,8}$/, "expected up to 8 letters, digits, dots and blanks")
    .optional()
    .meta({ description: "Load parameter: the number of a boot menu's entry, or PROMPT" }),
});

const protection = z.strictObject({
  requested: z.boolean().meta({ description: "The machine must be able to become a protected one" }),
  hostKeys: z
    .array(z.string().min(1))
    .meta({ description: "Private host keys of the Ultravisor (PEM, mode 0600)" }),
  xray: z.boolean().meta({ description: "Let the host look into a protected guest; said aloud at start" }),
});

const shared = {
  profile: z.literal(PROFILE_VERSION).meta({ description: "Version of this format" }),
  name: z.string().min(1).meta({ description: "Name of the machine" }),
  uuid: z
    .string()
    .regex(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/, "expected a UUID in lower case")
    .optional()
    .meta({ description: "UUID that STSI 3.2.2 presents" }),
  plugins: z.array(z.string().min(1)).meta({ description: "Plugins by npm name, or by their short name" }),
  devices: z.array(deviceEntry),
  onReboot: z.enum(["reboot", "stop"]).meta({ description: "What a re-IPL that the guest asks for does" }),
};

/** A profile with everything merged: every value is there. */
export const profileSchema = z.strictObject({
  ...shared,
  cpus,
  facilities: facilityChanges,
  storage,
  ipl,
  protection,
});

/** One file: any part may be absent and comes from what it extends. */
export const layerSchema = z
  .strictObject({
    ...shared,
    cpus: cpus.partial(),
    facilities: facilityChanges.partial(),
    storage: storage.partial(),
    ipl,
    protection: protection.partial(),
  })
  .partial()
  .extend({
    profile: shared.profile,
    extends: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Profile to start from: a path, or the name of one that comes along" }),
  });

export type Profile = z.output<typeof profileSchema>;
export type ProfileLayer = z.output<typeof layerSchema>;
export type DeviceEntry = z.output<typeof deviceEntry>;

/** What stands where no profile says anything. */
export const defaults: Profile = {
  profile: PROFILE_VERSION,
  name: "machine",
  cpus: { model: MAX_MODEL, count: 1, engine: "jit" },
  facilities: { add: [], remove: [] },
  storage: { size: "512MiB", backing: "anonymous", mergeable: true },
  plugins: [],
  devices: [],
  ipl: {},
  protection: { requested: false, hostKeys: [], xray: false },
  onReboot: "reboot",
};
