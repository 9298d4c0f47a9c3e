/**
 * Makes dist/: the program as one minified file, with the plugins and commands beside it in files of their own, so that
 * only what a config uses is loaded; and the public API for plugin authors with its types.
 *
 *   node build.ts            dist/droplens.js, dist/plugin.js, dist/testkit.js, dist/types, dist/compile-cache
 *   node build.ts prepack    the same without the cache, and takes out of package.json what only a checkout needs
 *   node build.ts postpack   puts package.json back
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
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

const [step] = process.argv.slice(2);
if (step === "postpack") restoreManifest();
else {
  restoreManifest();
  await makeDist();
  if (step === "prepack") trimManifest();
  else keepCompiled();
}

async function makeDist(): Promise<void> {
  rmSync("dist", { recursive: true, force: true });
  await build({
    ...options,
    entryPoints,
    splitting: true,
    plugins: [lateHttp(), usedZod()],
  });
  // For plugin files without packages (core/config/own-packages.ts). On its own, so that the program has only what it uses.
  await build({ ...options, entryPoints: { zod: "zod" } });
  chmodSync("dist/droplens.js", 0o755);
  copyFileSync("deploy/THIRD_PARTY_LICENSES", "dist/THIRD_PARTY_LICENSES");
  execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.types.json"], { stdio: "inherit" });
}

/**
 * `import … from "node:http"` makes Node read every export, `WebSocket` too, for which it loads its whole fetch: a tenth
 * of the CPU time of a start. Here it is loaded when the first of its exports is used, which a replay never does.
 */
function lateHttp(): Plugin {
  const late = (name: string) => `get ${name}(){return process.getBuiltinModule("node:http").${name}}`;
  const contents = `module.exports = {${Object.keys(http).map(late)}}`;
  return {
    name: "late-http",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
        kind === "import-statement" ? { path: "http", namespace: "late" } : undefined,
      );
      onLoad({ filter: /.*/, namespace: "late" }, () => ({ contents }));
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

/**
 * Runs the program once over every usual plugin, so that Node keeps what V8 compiled (core/start.ts): a start then costs
 * an eighth less CPU. The cache belongs to this version of Node, this user and this folder; elsewhere it is passed over.
 */
function keepCompiled(): void {
  mkdirSync("dist/compile-cache");
  const folder = mkdtempSync(join(tmpdir(), "droplens-build-"));
  const [config, log] = [join(folder, "droplens.yaml"), join(folder, "kern.log")];
  const nobody = "server: http://127.0.0.1:1";
  writeFileSync(
    config,
    `version: 1
pipelines:
  drops:
    source: { use: source-file, path: ${log} }
    parser: { use: parser-iptables }
    resolvers: [{ use: resolver-k8s, ${nobody}, syncTimeout: 1ms }, { use: resolver-dns, servers: ["127.0.0.1:1"] }]
    sinks: [{ use: sink-k8s-events, ${nobody}, queue: { maxAge: 1ms } }, { use: sink-prometheus }]
`,
  );
  const drop = "IN=eth0 OUT=eth1 SRC=10.0.0.7 DST=10.0.0.9 LEN=60 PROTO=TCP SPT=1 DPT=2 SYN";
  writeFileSync(log, `2026-11-20T19:56:42.000000+00:00 node kernel: ${drop} \n`.repeat(20));
  execFileSync(process.execPath, ["dist/droplens.js", "replay", "--config", config, log], { stdio: "pipe" });
  rmSync(folder, { recursive: true });
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
