/**
 * Makes dist/: the program as one minified file, with the plugins and commands beside it in files of their own, so that
 * only what a config uses is loaded; and the public API for plugin authors with its types.
 *
 *   node build.ts            dist/droplens.js, dist/plugin.js, dist/testkit.js, dist/types
 *   node build.ts prepack    the same, and takes out of package.json what only a checkout needs
 *   node build.ts postpack   puts package.json back
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const manifest = "package.json";
const keptManifest = "package.json.kept";

const [step] = process.argv.slice(2);
if (step === "postpack") restoreManifest();
else {
  restoreManifest();
  await makeDist();
  if (step === "prepack") trimManifest();
}

async function makeDist(): Promise<void> {
  rmSync("dist", { recursive: true, force: true });
  await build({
    // zod is whole in the bundle anyway: beside it, for plugin files without packages (core/config/own-packages.ts).
    entryPoints: {
      droplens: "core/main.ts",
      plugin: "core/plugin/index.ts",
      testkit: "core/testkit/index.ts",
      zod: "zod",
    },
    outdir: "dist",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node22.19",
    legalComments: "linked",
    // Packages in CommonJS ask for `require`, which a module does not have.
    banner: {
      js: 'import{createRequire as makeRequireForBundle}from"node:module";const require=makeRequireForBundle(import.meta.url);',
    },
    logLevel: "warning",
  });
  chmodSync("dist/droplens.js", 0o755);
  execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.types.json"], { stdio: "inherit" });
}

/** Everything is in the bundle: whoever installs the package needs no other. */
function trimManifest(): void {
  copyFileSync(manifest, keptManifest);
  const whole = JSON.parse(readFileSync(manifest, "utf8"));
  for (const key of ["scripts", "dependencies", "devDependencies", "optionalDependencies"]) delete whole[key];
  writeFileSync(manifest, `${JSON.stringify(whole, null, 2)}\n`);
}

function restoreManifest(): void {
  if (existsSync(keptManifest)) renameSync(keptManifest, manifest);
}
