import { LockframeError } from "@lockframe/architecture";
import fc from "fast-check";
import { expect, test } from "vitest";
import { firstPartyNames, loadPlugins } from "../plugins.ts";
import { usedOptions } from "./arguments.ts";
import { translate } from "./translate.ts";

const definitions = (await loadPlugins(firstPartyNames, process.cwd())).flatMap(({ devices }) => devices);

const words =
  "on off id help stdio mux s390-pv-guest sclpconsole chardev 0 1 512 4G 17T gen16a max unpack s390-ccw-virtio " +
  "confidential-guest-support qom-type driver cpus null";
const pieces = [..."=,+-{}:\"'. ", ...words.split(" ")];
const value = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join("")),
  fc.string({ maxLength: 24, unit: "binary" }),
);
const option = fc.constantFrom(...usedOptions).map((name) => `-${name}`);

test("any command line is either understood or refused with a code", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.tuple(option, value) }, fc.tuple(value))),
      (words) => {
        try {
          expect(["run", "help"]).toContain(translate(words.flat(), definitions).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(LockframeError);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
