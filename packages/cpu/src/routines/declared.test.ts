import { routines } from "@lockframe/instructions";
import { expect, test } from "vitest";
import { floatingPointRoutines } from "./floating-point.ts";
import { messageSecurityRoutines } from "./message-security/index.ts";
import { vectorFloatingPointRoutines } from "./vector-floating-point.ts";

const declared = new Set(routines().map(({ name }) => name));

test.each([
  ["floating-point", floatingPointRoutines],
  ["vector floating-point", vectorFloatingPointRoutines],
  ["message-security", messageSecurityRoutines()],
])("every %s routine is one that a definition names", (_, implemented) => {
  expect(Object.keys(implemented).filter((name) => !declared.has(name))).toEqual([]);
});
