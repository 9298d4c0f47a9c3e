/**
 * What `npm run test:durability`, `test:hostile` and `test:soak` run: trials that take longer than `npm test` may. One
 * file after the other, so that none takes the processor from another.
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/durability/**/*.test.ts", "test/hostile/**/*.test.ts"],
    globalSetup: ["test/support/built-program.ts"],
    fileParallelism: false,
    // Trials that wait most of the time run at once, within a file.
    maxConcurrency: 10,
    testTimeout: 3_600_000,
    hookTimeout: 180_000,
  },
});
