import { expect, test } from "vitest";
import { Bell } from "./bell.ts";

async function slept(bell: Bell, milliseconds: number): Promise<boolean> {
  const began = performance.now();
  await bell.sleep(milliseconds);
  return performance.now() - began > milliseconds / 2;
}

test("a ring ends a sleep, also one that had not begun", async () => {
  const bell = new Bell();
  expect(await slept(bell, 40)).toBe(true);
  const sleep = slept(bell, 10_000);
  bell.ring();
  expect(await sleep).toBe(false);
  expect(await slept(bell, 10_000)).toBe(false);
  bell.silence();
  expect(await slept(bell, 40)).toBe(true);
});
