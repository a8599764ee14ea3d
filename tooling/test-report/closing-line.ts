/** Ends a test run with the names of what was skipped, and one line for those who read only the last. */
import type { Reporter, TestCase, TestModule } from "vitest/node";

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: "passed" | "failed"): number =>
      tests.filter((test) => test.result().state === state).length;
    // What a filter of the command line left out was not skipped: nobody wanted it.
    const skipped = tests.filter((test) => test.result().state === "skipped" && test.options.mode !== "run");
    // A module that cannot be loaded has no tests to fail, and an error may come from outside of any.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    for (const test of skipped) console.log(`skipped: ${nameOf(test)}`);
    console.log(`${count("passed")} passed, ${count("failed") + broken} failed`);
  }
}

function nameOf(test: TestCase): string {
  const result = test.result();
  const reason = result.state === "skipped" && result.note !== undefined ? ` (${result.note})` : "";
  return `${test.module.relativeModuleId}: ${test.fullName}${reason}`;
}
