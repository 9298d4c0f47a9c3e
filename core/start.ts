#!/usr/bin/env node
/**
 * The entry of the bundle: main.ts, with what V8 made of the program's files when it was built (dist/compile-cache).
 * Without that folder nothing is read, and nothing is ever written elsewhere.
 */
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

const compiled = fileURLToPath(new URL("compile-cache", import.meta.url));
if (existsSync(compiled)) enableCompileCache(compiled);
await import("./main.ts");
