import { facilities, type FacilityName } from "./facilities.ts";

/** A machine type as STIDP, STSI and SCLP present it. Names are QEMU's; `aliases` are what people say. */
export interface CpuModel {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly title: string;
  /** Machine type number, 4 hexadecimal digits when shown. */
  readonly machineType: number;
  readonly generation: number;
}

/** Model that has whatever is implemented. It presents itself as the newest type whose base facilities we have. */
export const MAX_MODEL = "max";

/** In order of release. */
export const cpuModels: readonly CpuModel[] = [
  { name: "z10EC", aliases: ["z10"], title: "IBM System z10 EC", machineType: 0x2097, generation: 10 },
  { name: "z10BC", aliases: [], title: "IBM System z10 BC", machineType: 0x2098, generation: 10 },
  { name: "z196", aliases: [], title: "IBM zEnterprise 196", machineType: 0x2817, generation: 11 },
  { name: "z114", aliases: [], title: "IBM zEnterprise 114", machineType: 0x2818, generation: 11 },
  { name: "zEC12", aliases: [], title: "IBM zEnterprise EC12", machineType: 0x2827, generation: 12 },
  { name: "zBC12", aliases: [], title: "IBM zEnterprise BC12", machineType: 0x2828, generation: 12 },
  { name: "z13", aliases: [], title: "IBM z13", machineType: 0x2964, generation: 13 },
  { name: "z13s", aliases: [], title: "IBM z13s", machineType: 0x2965, generation: 13 },
  { name: "z14", aliases: [], title: "IBM z14", machineType: 0x3906, generation: 14 },
  { name: "z14ZR1", aliases: [], title: "IBM z14 Model ZR1", machineType: 0x3907, generation: 14 },
  { name: "gen15a", aliases: ["z15"], title: "IBM z15 T01", machineType: 0x8561, generation: 15 },
  { name: "gen15b", aliases: [], title: "IBM z15 T02", machineType: 0x8562, generation: 15 },
  { name: "gen16a", aliases: ["z16"], title: "IBM z16 A01", machineType: 0x3931, generation: 16 },
  { name: "gen16b", aliases: [], title: "IBM z16 A02", machineType: 0x3932, generation: 16 },
];

/** Facilities of a machine that a hypervisor or an option adds, so that a named model lacks them until they are asked for. */
const onRequest: ReadonlySet<FacilityName> = new Set(["ultravisor-call", "unpack"]);

/** The model with this name or alias. */
export function findCpuModel(name: string): CpuModel | undefined {
  return cpuModels.find((model) => model.name === name || model.aliases.includes(name));
}

/** What a machine of this model has by itself, implemented here or not. */
export function modelFacilities(model: CpuModel): readonly FacilityName[] {
  return facilities
    .filter(({ name, generation }) => generation <= model.generation && !onRequest.has(name))
    .map(({ name }) => name);
}
