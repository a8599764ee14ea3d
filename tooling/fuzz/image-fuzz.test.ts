import { beforeAll, expect, test } from "vitest";
import { ImageFuzz } from "./image-fuzz.ts";

let fuzz: ImageFuzz;
beforeAll(async () => {
  fuzz = await ImageFuzz.create();
});

test("of mutated images none crashes a reader or starts a guest that was tampered with", () => {
  for (let seed = 1; seed <= 300; seed++) expect(fuzz.step(seed)).toBeUndefined();
  const happened = [...fuzz.tally.keys()];
  // all ways are taken, so the fuzzing is not idle
  expect(happened).toEqual(
    expect.arrayContaining(["start: started", "start: refused", "read: with problems"]),
  );
  expect(happened.filter((what) => what.startsWith("read: LF-IMAGE-")).length).toBeGreaterThan(8);
});
