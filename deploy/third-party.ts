/**
 * What the production bundle contains of others, with their licences: written to deploy/THIRD_PARTY_LICENSES, which goes
 * into dist/ and so into the image and the npm package (build.ts). The bundler says whose bytes are in it.
 * Called by `npm run generate`, and by the test that holds the list to the code.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** What build.ts bundles: files by the names they have in dist/. */
export const entryPoints = {
  droplens: "core/start.ts",
  plugin: "core/plugin/index.ts",
  testkit: "core/testkit/index.ts",
} as const;

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX, as the package says. */
  readonly licence: string;
  /** Its licence and its notices, as it ships them. */
  readonly texts: readonly string[];
}

/** Those that let us pass their code on in a bundle, as long as the text goes with it. */
const redistributable = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

export async function bundledPackages(): Promise<BundledPackage[]> {
  const { metafile } = await build({
    entryPoints: { ...entryPoints, zod: "zod" },
    absWorkingDir: join(import.meta.dirname, ".."),
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const folders = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
    }
  }
  const byName = (a: BundledPackage, b: BundledPackage) =>
    `${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1;
  return [...folders].map(readPackage).sort(byName);
}

function readPackage(folder: string): BundledPackage {
  const path = join(import.meta.dirname, "..", folder);
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const files = readdirSync(path).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(path, file), "utf8").replaceAll("\r\n", "\n").trim());
  return { name, version, licence: String(license?.type ?? license ?? "none"), texts };
}

/** Why a package must not be in the bundle; undefined: it may. */
export function objection({ name, version, licence, texts }: BundledPackage): string | undefined {
  const words = licence.replace(/[()]/g, "").split(" ");
  const named = words.filter((word) => word !== "OR" && word !== "AND");
  const free = (term: string) => redistributable.has(term);
  const choice = words.includes("OR") && !words.includes("AND");
  if (!(choice ? named.some(free) : named.every(free)))
    return `${name} ${version}: ${licence} is not among the licences that let its code be passed on`;
  return texts.length === 0 ? `${name} ${version} ships no text of its licence (${licence})` : undefined;
}

export function listOf(packages: readonly BundledPackage[]): string {
  const rows = packages.map(({ name, version, licence }) => `${name} ${version}  ${licence}`);
  const byText = new Map<string, string[]>();
  for (const { name, version, texts } of packages) {
    for (const text of texts) byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  }
  const line = "=".repeat(80);
  const sections = [...byText].map(([text, owners]) => `${line}\n${owners.join("\n")}\n${line}\n\n${text}\n`);
  const head = "Droplens contains code of the packages below. Made by `npm run generate`.";
  return `${head}\n\n${rows.join("\n")}\n\n${sections.join("\n")}`;
}
