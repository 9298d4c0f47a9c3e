import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{core,plugins,config,test,bench}/**/*.test.ts"],
    // Packages of their own, with tests for node:test: test/create-plugin.test.ts runs them.
    // Trials that take minutes: npm run test:durability, test:hostile, test:soak.
    exclude: ["test/examples/*/**", "test/durability/**", "test/hostile/**"],
    testTimeout: 20_000,
    // Many tests wait for processes of their own: on two cores vitest would take one worker, and twice the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
