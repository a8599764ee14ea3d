/** The bench's short form: every workload, built and executed in a real guest; results are asserted, times never. */
import { expect, it } from "vitest";
import { isUnavailable } from "@lockframe/debian";
import { type Figure, tableOf } from "./figure.ts";
import { debianParts } from "./guest-parts.ts";
import { measureRows } from "./measure-rows.ts";
import { rowsMeant } from "./rows/index.ts";
import { missingCompiler } from "./toolchain.ts";

const missing = missingCompiler();

it("every workload has the right result with compiled code", { timeout: 600_000 }, async ({ skip }) => {
  if (missing !== undefined) skip(missing);
  let figures: readonly Figure[] = [];
  try {
    const rows = rowsMeant([], true);
    figures = await measureRows({ runs: 1, engine: "jit", size: "short" }, rows, debianParts, () => {});
  } catch (error) {
    if (isUnavailable(error)) skip("Debian's packages cannot be fetched here");
    throw error;
  }
  console.log(tableOf(figures));
  const wrong = figures.flatMap((figure) =>
    figure.wrong === undefined ? [] : `${figure.row}: ${figure.wrong}`,
  );
  expect(wrong).toEqual([]);
});
