import { expect, test } from "vitest";
import { IdleSlack } from "./idle-slack.ts";

test("a guest that has been idle for a while is woken late, one that works is not", () => {
  const slack = new IdleSlack();
  expect(slack.milliseconds).toBe(0);
  for (let n = 0; n < 100; n++) slack.note(0.3, 3.7);
  expect(slack.milliseconds).toBe(0);
  for (let n = 0; n < 500; n++) slack.note(0.3, 3.7);
  const idle = slack.milliseconds;
  expect(idle).toBeGreaterThan(0);
  for (let n = 0; n < 3; n++) slack.note(8, 0.1);
  expect(slack.milliseconds).toBe(idle);
  for (let n = 0; n < 20; n++) slack.note(8, 0.1);
  expect(slack.milliseconds).toBe(0);
});
