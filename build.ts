/**
 * Makes dist/: the program as one minified file, with the large packages that few need beside it; and the public API
 * for plugin authors with its types.
 *
 *   node build.ts            dist/droplens.js, dist/plugin.js, dist/testkit.js, dist/types, dist/compile-cache
 *   node build.ts prepack    the same without the cache, and takes out of package.json what only a checkout needs
 *   node build.ts postpack   puts package.json back
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { keepCompiled } from "./deploy/compile-cache/keep-compiled.ts";
import { lateBuiltIns } from "./deploy/late-built-ins.ts";
import { entryPoints } from "./deploy/third-party.ts";

const manifest = "package.json";
const keptManifest = "package.json.kept";

const options = {
  outdir: "dist",
  bundle: true,
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
} as const satisfies BuildOptions;

/** What is loaded by an `import()` of these is a file of its own; all else that the program loads late is within it. */
const files = {
  program: "core/main.ts",
  "kubernetes-client": "@kubernetes/client-node/dist/config.js",
  grpc: "@grpc/grpc-js",
};

const [step] = process.argv.slice(2);
if (step === "postpack") restoreManifest();
else {
  restoreManifest();
  await makeDist();
  if (step === "prepack") trimManifest();
  else await keepCompiled();
}

async function makeDist(): Promise<void> {
  rmSync("dist", { recursive: true, force: true });
  const plugins = [apart(), lateBuiltIns(), usedZod()];
  const { droplens, ...authors } = entryPoints;
  await build({ ...options, entryPoints: { droplens, ...files }, plugins });
  await build({ ...options, entryPoints: authors, splitting: true, plugins });
  // For plugin files without packages (core/config/own-packages.ts). On its own, so that the program has only what it uses.
  await build({ ...options, entryPoints: { zod: "zod" } });
  chmodSync("dist/droplens.js", 0o755);
  copyFileSync("deploy/THIRD_PARTY_LICENSES", "dist/THIRD_PARTY_LICENSES");
  execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.types.json"], { stdio: "inherit" });
}

/** Node's loader costs half a millisecond of CPU a file: a start from forty files cost a third more than from one. */
function apart(): Plugin {
  return {
    name: "apart",
    setup({ onResolve }) {
      onResolve({ filter: /^(\.\/main\.ts|@kubernetes\/client-node\/.*|@grpc\/grpc-js)$/ }, ({ kind, path }) => {
        const name = Object.entries(files).find(([, file]) => file.endsWith(path.replace("./", "")))?.[0];
        return kind === "dynamic-import" ? { path: `./${name}.js`, external: true } : undefined;
      });
    },
  };
}

/** esbuild leaves out what nobody uses of `* as z`, but not of `{ z }`: six sevenths of zod, its locales among them. */
function usedZod(): Plugin {
  return {
    name: "used-zod",
    setup({ onLoad }) {
      onLoad({ filter: /\/(core|config|plugins)\/.*\.ts$/ }, ({ path }) => ({
        contents: readFileSync(path, "utf8").replace('import { z } from "zod"', 'import * as z from "zod"'),
        loader: "ts",
      }));
    },
  };
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
