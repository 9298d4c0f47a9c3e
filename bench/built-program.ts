/**
 * dist/droplens.js, built anew when it is missing or a source is younger: what is measured is what the checkout says.
 * Called by main.ts.
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "./stage.ts";

export function builtProgram(say: (text: string) => void): string {
  const program = join(checkout, "dist/droplens.js");
  const missing = !existsSync(program);
  if (missing || isStale(program)) {
    say(`dist/ is ${missing ? "missing" : "older than the sources"}: npm run build`);
    execFileSync(process.execPath, ["build.ts"], { cwd: checkout, stdio: ["ignore", "inherit", "inherit"] });
  }
  return program;
}

function isStale(program: string): boolean {
  const builtMillis = statSync(program).mtimeMs;
  const sources = globSync(["{core,plugins,config}/**/*.{ts,yaml,json}", "build.ts", "package-lock.json"], {
    cwd: checkout,
  });
  return sources.some((path) => !path.endsWith(".test.ts") && statSync(join(checkout, path)).mtimeMs > builtMillis);
}
