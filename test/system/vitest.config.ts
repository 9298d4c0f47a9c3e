/**
 * What `npm run test:system` runs, one file after the other: the tests of this folder, and those of other folders that
 * wait for a real server. They share one kernel and one API server.
 */
import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const gate = /process\.env\.(DROPLENS_SYSTEM|KUBECONFIG)\b/;
const gated = globSync("{core,plugins,config,test}/**/*.test.ts").filter((path) =>
  gate.test(readFileSync(path, "utf8")),
);

export default defineConfig({
  test: {
    include: ["test/system/**/*.test.ts", ...gated],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
