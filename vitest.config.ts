import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["core/**/*.test.ts", "plugins/**/*.test.ts", "config/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 20_000,
  },
});
