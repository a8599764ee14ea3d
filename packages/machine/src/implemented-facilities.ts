import type { FacilityName } from "@lockframe/architecture";

/** Facilities that the engine implements whole; a guest may be offered these and what plugins offer. */
export const implementedFacilities: ReadonlySet<FacilityName> = new Set<FacilityName>([
  "n3",
  "z-architecture",
  "z-architecture-active",
  "store-facility-list-extended",
  "long-displacement",
  "extended-immediate",
  "store-clock-fast",
  "move-with-optional-specifications",
  "compare-and-swap-and-store",
  "compare-and-swap-and-store-2",
  "general-instructions-extension",
  "execute-extensions",
]);
