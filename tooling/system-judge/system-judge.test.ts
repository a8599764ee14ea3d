import { Random } from "@lockframe/testkit";
import { expect, test } from "vitest";
import { qemuVersion } from "../bench/starters.ts";
import { makeCases } from "./cases.ts";
import { judge } from "./judge.ts";

const version = qemuVersion();

test.skipIf(version === undefined)(
  "a sample is as qemu-system-s390x has it (skipped where that is not installed)",
  { timeout: 60_000 },
  async () => {
    const all = makeCases(new Random(7n), 1);
    const verdicts = await judge(all.filter((_, n) => n % 3 === 0));
    const failed = verdicts.filter(
      ({ differences, deviation }) => differences.length > 0 && deviation === undefined,
    );
    expect(failed).toEqual([]);
    expect(verdicts.length).toBeGreaterThan(200);
  },
);
