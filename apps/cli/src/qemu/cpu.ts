import {
  type FacilityName,
  findCpuModel,
  findFacility,
  facilities,
  cpuModels,
  MAX_MODEL,
} from "@lockframe/architecture";
import { didYouMean } from "@lockframe/profile";
import { parseBoolean } from "./option-string.ts";
import { QemuError } from "./qemu-error.ts";

export interface CpuChoice {
  /** Model name as profiles know it. */
  readonly model: string;
  readonly add: readonly FacilityName[];
  readonly remove: readonly FacilityName[];
  readonly note: string | undefined;
}

/** Models of QEMU that stand for "the best there is". */
const bestModels = [MAX_MODEL, "host", "qemu"];

/** `-cpu MODEL[,feature=on|off][,+feature][,-feature]...`; features by QEMU's name or ours. */
export function parseCpu(text: string): CpuChoice {
  const [name = "", ...features] = text.split(",");
  const found = findCpuModel(name);
  if (!bestModels.includes(name) && found === undefined) {
    const names = [...bestModels, ...cpuModels.flatMap((each) => [each.name, ...each.aliases])];
    throw new QemuError(
      "LF-QEMU-009",
      `-cpu ${text}: unable to find CPU model '${name}'${didYouMean(name, names)}`,
      "`lockframe qemu -cpu help` lists the models.",
    );
  }
  const states = new Map<FacilityName, boolean>();
  for (const feature of features) {
    const { word, on } = parseFeature(text, feature);
    const facility = findFacility(word);
    if (facility === undefined) {
      const words = facilities.flatMap((each) => [each.alias, each.name]);
      throw new QemuError(
        "LF-QEMU-010",
        `-cpu ${text}: Property '${name}-s390x-cpu.${word}' not found${didYouMean(word, words)}`,
        "`lockframe qemu -cpu help` lists the features.",
      );
    }
    states.set(facility.name, on);
  }
  const those = (wanted: boolean): FacilityName[] =>
    [...states].filter(([, on]) => on === wanted).map(([each]) => each);
  return {
    model: found?.name ?? MAX_MODEL,
    add: those(true),
    remove: those(false),
    note:
      name === "host" || name === "qemu"
        ? `-cpu ${name} means max here: everything that is implemented`
        : undefined,
  };
}

function parseFeature(text: string, feature: string): { readonly word: string; readonly on: boolean } {
  if (feature.startsWith("+")) return { word: feature.slice(1), on: true };
  if (feature.startsWith("-")) return { word: feature.slice(1), on: false };
  const [word = "", value] = feature.split("=", 2);
  if (word === "") throw new QemuError("LF-QEMU-003", `-cpu ${text}: Expected parameter before '${feature}'`);
  return { word, on: value === undefined ? true : parseBoolean("-cpu", word, value) };
}
