import { expect, test } from "vitest";
import { InputPacing } from "./input-pacing.ts";

/** Consoles of which lines are asked for. */
function paced(lines: number) {
  const screen = {
    lastOutput: 0,
    lineIsOpen: false,
    given: 0,
    guestIsQuiet: () => screen.given < lines && (screen.given += 1) > 0,
  };
  return { screen, pacing: new InputPacing(screen) };
}

test("the first line is given when the guest has been idle and silent long enough, the next ones soon", () => {
  const { screen, pacing } = paced(2);
  expect(pacing.waiting(1000)).toBe(401);
  pacing.slept(1399);
  expect(pacing.waiting(1399)).toBe(2);
  pacing.slept(1401);
  expect(pacing.waiting(1401)).toBe(0);
  screen.lastOutput = 1450;
  pacing.slept(1460);
  expect(pacing.waiting(1461)).toBe(5);
  pacing.slept(1466);
  expect(pacing.waiting(1466)).toBe(0);
  pacing.slept(1500);
  expect(pacing.waiting(1501)).toBe(Infinity); // nothing is left
  expect(screen.given).toBe(2);
});

test("work puts it off, but for what timers do", () => {
  const { screen, pacing } = paced(1);
  pacing.waiting(1000);
  pacing.slept(1200);
  expect(pacing.waiting(1300)).toBe(401);
  pacing.slept(1600);
  expect(pacing.waiting(1604)).toBe(97);
  expect(screen.given).toBe(0);
});

test("a guest at work gets a line for a prompt, and later for silence", () => {
  const { screen, pacing } = paced(3);
  pacing.working(10_000); // it boots, and says nothing
  expect(screen.given).toBe(0);
  screen.lastOutput = 10_000;
  screen.lineIsOpen = true;
  pacing.working(10_399);
  expect(screen.given).toBe(0);
  pacing.working(10_400);
  pacing.working(10_500); // one line for one prompt
  expect(screen.given).toBe(1);
  screen.lineIsOpen = false;
  screen.lastOutput = 11_000;
  pacing.working(12_999);
  expect(screen.given).toBe(1);
  pacing.working(13_000);
  expect(screen.given).toBe(2);
});
