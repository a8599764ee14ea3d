import { describe, expect, it } from "vitest";
import { figureOf, groupMeans, median, tableOf } from "./figure.ts";
import { MeteredProcess } from "./metered-process.ts";

const script = (text: string): [string, string[]] => [process.execPath, ["-e", text]];

describe("figures", () => {
  it("are medians, with a ratio above 1 where we are better", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNull();
    expect(median([Number.NaN])).toBeNull();
    expect(figureOf("r", "s", "less", [2], [6], "").ratio).toBe(3);
    expect(figureOf("r", "MB/s", "more", [2], [6], "").ratio).toBeCloseTo(1 / 3);
    expect(figureOf("r", "s", "less", [], [6], "").ratio).toBeNull();
  });

  it("have a geometric mean for each group", () => {
    const figure = figureOf("r", "s", "less", [1], [2], "");
    const members = [
      { ...figure, group: "a", cpuRatio: 3 },
      { ...figure, group: "a", ratio: 8, cpuRatio: null },
      { ...figure, group: "b", ratio: null },
    ];
    const [a, b] = groupMeans([...members, figure]);
    expect(a?.ratio).toBeCloseTo(4);
    expect(a?.cpuRatio).toBeCloseTo(3);
    expect(b?.ratio).toBeNull();
  });

  it("stand in columns", () => {
    const table = tableOf([figureOf("prompt", "s", "less", [12.345], [], "why")]);
    expect(table.split("\n")).toEqual([
      "row     unit  ours  peer  ratio  by CPU  need",
      "prompt  s     12.3     -      -       -     -  why",
    ]);
  });
});

describe("a metered process", () => {
  it("is waited for, fed and measured", async () => {
    const [command, args] = script(
      'process.stdout.write("ready> "); process.stdin.once("data", (d) => { console.log("got " + d); process.exit(3); })',
    );
    await using child = new MeteredProcess(command, args);
    expect(await child.secondsUntil(/ready> $/, 20)).toBeGreaterThan(0);
    expect(child.peakMemory()).toBeGreaterThan(2 ** 20);
    expect(await child.cpuShare(0.3)).toBeLessThan(0.5);
    child.send("hello\n");
    expect(await child.end(20)).toBe(3);
    expect(child.output).toContain("got hello");
  });

  it("that never says it is not waited for longer than asked", async () => {
    const [command, args] = script("setInterval(() => {}, 1000)");
    await using child = new MeteredProcess(command, args);
    expect(await child.secondsUntil(/never/, 0.3)).toBeUndefined();
  });

  it("that burns CPU is seen to", async () => {
    const [command, args] = script('process.stdout.write("go"); for (;;);');
    await using child = new MeteredProcess(command, args);
    await child.secondsUntil(/go/, 20);
    expect(await child.cpuShare(1)).toBeGreaterThan(0); // a busy host leaves it little
  });

  it("that ends early is not waited for", async () => {
    const [command, args] = script("process.exit(0)");
    await using child = new MeteredProcess(command, args);
    expect(await child.secondsUntil(/never/, 60)).toBeUndefined();
  });

  it("that does not exist ends with the reason", async () => {
    await using child = new MeteredProcess("/nonexistent/program", []);
    expect(await child.end(5)).toContain("ENOENT");
  });
});
