/**
 * Builds the program once before the trials, into a folder that is gone after them: it starts in a quarter of the time
 * that the sources take, which a thousand kills notice. test/trials.config.ts names it; child.ts starts what it made.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** The built program's file; not there in `npm test`, which runs the sources. */
    readonly builtProgram?: string;
  }
}

export default async function buildProgram(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "droplens-built-"));
  // Other users are tried, too.
  chmodSync(folder, 0o755);
  // As build.ts makes dist/droplens.js.
  await build({
    entryPoints: { droplens: join(import.meta.dirname, "../../core/main.ts") },
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node22.19",
    banner: {
      js: 'import{createRequire as makeRequireForBundle}from"node:module";const require=makeRequireForBundle(import.meta.url);',
    },
    logLevel: "warning",
  });
  project.provide("builtProgram", join(folder, "droplens.js"));
  return () => rmSync(folder, { recursive: true, force: true });
}
