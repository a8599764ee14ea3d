import type { FacilityName } from "@lockframe/architecture";
import {
  definePlugin,
  device,
  offer,
  type Plugin,
  refuse,
  withDeviceDefault,
  withdraw,
  z,
} from "@lockframe/plugin-api";
import { dataLayer, type ProfileLayer, resolveProfile } from "@lockframe/profile";
import { expect, test } from "vitest";
import { type PlannedMachine, planMachine } from "./plan-machine.ts";

const implemented: ReadonlySet<FacilityName> = new Set([
  "n3",
  "z-architecture",
  "long-displacement",
  "vector",
]);

function plan(profile: Omit<ProfileLayer, "profile">, plugins: readonly Plugin[] = []): PlannedMachine {
  return planMachine(
    resolveProfile([dataLayer("test", { profile: 1, ...profile }, "/")]),
    plugins,
    implemented,
  );
}

const refusal = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const unpack = definePlugin({
  name: "unpack",
  api: 1,
  title: "",
  facilities: [{ facility: "unpack", since: 15, title: "" }],
});

const disk = device({
  type: "test-disk",
  title: "",
  class: "virtio",
  config: z.strictObject({
    file: z.string(),
    block: z.union([z.literal(512), z.literal(4096)]).default(512),
    iommu_platform: z.boolean().default(false),
  }),
  needs: [],
  create: () => ({}),
});
const disks = definePlugin({ name: "disks", api: 1, title: "", devices: [disk] });

test("a named model has what its generation brought and is implemented, and says what it lacks", () => {
  const { plan: z10, gaps } = plan({ cpus: { model: "z10" } });
  expect([...z10.facilities]).toEqual(["n3", "z-architecture", "long-displacement"]);
  expect(z10.cpu.generation).toBe(10);
  expect(gaps).toContain("general-instructions-extension");
});

test("max has everything implemented and everything offered, a named model an offer only on request", () => {
  expect(plan({}, [unpack]).plan.facilities.has("unpack")).toBe(true);
  expect(plan({ cpus: { model: "z15" } }, [unpack]).plan.facilities.has("unpack")).toBe(false);
  const asked = plan({ cpus: { model: "z15" }, facilities: { add: ["unpack"] } }, [unpack]);
  expect(asked.plan.facilities.has("unpack")).toBe(true);
});

test("a facility that nobody has is refused by the place that asks for it", () => {
  expect(() => plan({ facilities: { add: ["unpack"] } })).toThrow(
    refusal("LF-PLAN-001", /the profile \(test\) adds/),
  );
  expect(() => plan({ cpus: { model: "z14" }, facilities: { add: ["unpack"] } }, [unpack])).toThrow(
    refusal("LF-PLAN-002", /'unpack' is not available for CPU model 'z14'/),
  );
});

test("what a facility builds on must be there", () => {
  const vectors: ReadonlySet<FacilityName> = new Set(["vector-enhancements-1"]);
  const bare = resolveProfile([dataLayer("test", { profile: 1 }, "/")]);
  expect([...planMachine(bare, [], vectors).plan.facilities]).toEqual([]);
  const asked = resolveProfile([
    dataLayer("test", { profile: 1, facilities: { add: ["vector-enhancements-1"] } }, "/"),
  ]);
  expect(() => planMachine(asked, [], vectors)).toThrow(refusal("LF-PLAN-003", /requires vector,/));
});

test("taps run by phase, then in the order of plugins; what each changed is on record", () => {
  const order: string[] = [];
  const tap = (name: string, phase: "early" | "normal" | "late"): Plugin =>
    definePlugin({
      name,
      api: 1,
      title: "",
      taps: {
        facilities: {
          phase,
          run(given) {
            order.push(name);
            return name === "b" ? withdraw(given, "vector") : given;
          },
        },
      },
    });
  const { changes } = plan({}, [tap("a", "late"), tap("b", "normal"), tap("c", "early"), tap("d", "normal")]);
  expect(order).toEqual(["c", "b", "d", "a"]);
  expect(changes).toEqual([{ plugin: "b", offered: [], withdrawn: ["vector"], other: false }]);
});

test("plugins that contradict each other are both named", () => {
  const giver = definePlugin({
    name: "giver",
    api: 1,
    title: "",
    taps: { facilities: (p) => offer(p, "zpci") },
  });
  const taker = definePlugin({
    name: "taker",
    api: 1,
    title: "",
    taps: { facilities: (p) => withdraw(p, "zpci") },
  });
  expect(() => plan({}, [giver, taker])).toThrow(
    refusal("LF-PLUGIN-002", /taker withdraws .* zpci, which giver offered/),
  );
  const insists = plan.bind(null, { facilities: { remove: ["zpci"] } }, [giver]);
  expect(insists).toThrow(
    refusal("LF-PLUGIN-002", /giver offers .* zpci, which the profile \(test\) withdrew/),
  );
});

test("a refusal keeps its code and names the plugin; a bug in a plugin is the plugin's", () => {
  const refuser = definePlugin({
    name: "refuser",
    api: 1,
    title: "",
    taps: { facilities: () => refuse("LF-PV-009", "no such machine") },
  });
  expect(() => plan({}, [refuser])).toThrow(refusal("LF-PV-009", /^no such machine \(refused by refuser\)$/));
  const broken = definePlugin({
    name: "broken",
    api: 1,
    title: "",
    taps: {
      facilities() {
        throw new TypeError("oops");
      },
    },
  });
  expect(() => plan({}, [broken])).toThrow(
    refusal("LF-PLUGIN-003", /plugin broken failed in the hook facilities: oops/),
  );
});

test("devices are found by type, with defaults of their class where the user gave nothing", () => {
  const iommu = definePlugin({
    name: "iommu",
    api: 1,
    title: "",
    taps: {
      facilities: (p) => withDeviceDefault(p, { class: "virtio", property: "iommu_platform", value: true }),
    },
  });
  const { devices } = plan(
    {
      plugins: ["disks"],
      devices: [
        { type: "test-disk", id: "a", file: "x" },
        { type: "test-disk", id: "b", file: "y", iommu_platform: false },
      ],
    },
    [disks, iommu],
  );
  expect(devices.map(({ properties }) => properties["iommu_platform"])).toEqual([true, false]);
});

test("an unknown device and a wrong property are told with their place", () => {
  const of = (entry: { type: string; [property: string]: unknown }) => () =>
    plan({ plugins: ["disks"], devices: [entry] }, [disks]);
  expect(of({ type: "test-disc", file: "x" })).toThrow(
    refusal("LF-PROFILE-201", /'test-disc' is not a valid device model name \(did you mean `test-disk`\?\)/),
  );
  expect(of({ type: "test-disk", fiel: "x" })).toThrow(
    refusal("LF-PROFILE-005", /devices.0.file: is missing/),
  );
  expect(of({ type: "test-disk", file: "x", fil: "y" })).toThrow(
    refusal("LF-PROFILE-003", /did you mean `file`/),
  );
  expect(of({ type: "test-disk", file: "x", block: 513 })).toThrow(
    refusal("LF-PROFILE-004", /devices.0.block: one of `512`, `4096`, found `513`/),
  );
});
