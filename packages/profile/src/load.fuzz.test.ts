import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveFile } from "./define-machine.ts";
import { ProfileError } from "./diagnostic.ts";
import { shownValues } from "./show.ts";

const words = [
  ..."[]{},~|'\"#\n\t",
  ..."profile: 1\n;cpus:;devices:;storage:;ipl:;facilities:;plugins:;extends:;name:;size:".split(";"),
  ..."  ;- ;: ;&a ;*a ;<<: ;null;!!int ;count;add;vector;2GiB;0x10;1e3;-1;true;type;id;at;0.0.0001;./m.yaml".split(
    ";",
  ),
];
const text = fc.oneof(
  fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => `profile: 1\n${parts.join("")}`),
  fc.string({ maxLength: 80, unit: "binary" }),
);

test("any text is either a profile or refused with places", () => {
  fc.assert(
    fc.property(text, (content) => {
      try {
        const resolved = resolveFile("./m.yaml", "/p", { read: () => content, builtIn: new Map() });
        expect(shownValues(resolved).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(ProfileError);
      }
    }),
    { numRuns: 3000 },
  );
});
