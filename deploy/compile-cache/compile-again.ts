/**
 * Loaded by `--import` into the run of keep-compiled.ts. Node takes what goes into its compile cache when V8 has just
 * read a module, before any function of it was called. So the cache is switched on at the end of the run only, and the
 * modules are compiled again: V8 has them still, with all that was called, which nothing but Node's own parts can ask for.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire, enableCompileCache } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const { internalBinding } = createRequire(import.meta.url)("internal/test/binding");
const { ModuleWrap } = internalBinding("module_wrap");
const { source_text_module_default_hdo: usualImports } = internalBinding("symbols");

process.once("exit", () => {
  const dist = dirname(process.argv[1] ?? "");
  mkdirSync(join(dist, "compile-cache"));
  enableCompileCache(join(dist, "compile-cache"));
  for (const name of ["droplens.js", "program.js"]) {
    const path = join(dist, name);
    new ModuleWrap(pathToFileURL(path).href, undefined, readFileSync(path, "utf8"), 0, 0, usualImports);
  }
});
