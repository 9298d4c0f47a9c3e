/**
 * Makes core/cli/create-plugin/templates.ts of the four packages in this folder, which CI compiles and tests: what
 * `droplens create-plugin` writes is what they are, under another name. Called by config/generate.ts.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const packages = {
  source: { folder: "spool-source", thing: "spool" },
  parser: { folder: "piped-parser", thing: "piped" },
  resolver: { folder: "hosts-resolver", thing: "hosts" },
  sink: { folder: "webhook-sink", thing: "webhook" },
} as const;

export function pluginTemplatesModule(): string {
  const entries = Object.entries(packages).map(([role, { folder, thing }]) => templateOf(role, folder, thing));
  return [
    "/** The packages of test/examples as a module: made by `npm run generate`, do not change it here. */",
    "// biome-ignore-all format: generated",
    "// biome-ignore-all lint: generated",
    "export const templates = {",
    ...entries,
    "} as const;",
    "",
  ].join("\n");
}

function templateOf(role: string, folder: string, thing: string): string {
  const root = join(import.meta.dirname, folder);
  const files = globSync(["*.{json,md,yaml}", ".gitignore", "src/*.ts"], { cwd: root }).toSorted();
  const texts = files.map(
    (path) => `      ${JSON.stringify(path)}: [\n${linesOf(join(root, path))}\n      ].join("\\n"),`,
  );
  return `  ${role}: {\n    thing: "${thing}",\n    files: {\n${texts.join("\n")}\n    },\n  },`;
}

function linesOf(path: string): string {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.map((line) => `        ${JSON.stringify(line)},`).join("\n");
}
