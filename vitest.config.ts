import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@lockframe/source"] },
  ssr: { resolve: { conditions: ["@lockframe/source"] } },
  test: {
    include: ["{packages,plugins,apps}/*/{src,test}/**/*.test.ts", "{tests,tooling}/**/*.test.ts"],
    execArgv: ["--conditions=@lockframe/source"],
    testTimeout: 30_000,
    maxWorkers: 2,
    reporters: ["default", "./tooling/test-report/closing-line.ts"],
  },
});
