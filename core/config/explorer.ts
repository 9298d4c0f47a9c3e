/**
 * cosmiconfig with loaders of our own, which keep the places of what they read. Its own would lose them, and would
 * follow `$import`. Called by find.ts, which imports it when it looks for a file.
 */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
// A CommonJS package: esbuild can name its exports in a static import only, which is why this is a file of its own.
import { cosmiconfig } from "cosmiconfig";
import { parseYaml } from "./parse-yaml.ts";

/** `generation`: how often a config was loaded before in this process. */
export function makeExplorer(searchPlaces: readonly string[], generation: number) {
  const yaml = (path: string, content: string) => ({ parsed: parseYaml(content, path) });
  const module = async (path: string) => ({ exported: await importDefault(path, generation) });
  return cosmiconfig("droplens", {
    searchPlaces: [...searchPlaces],
    searchStrategy: "none",
    ignoreEmptySearchPlaces: false,
    cache: false,
    loaders: {
      ".json": (path, content) =>
        basename(path) === "package.json" ? packageLoader(path, content) : yaml(path, content),
      ".yaml": yaml,
      ".yml": yaml,
      noExt: yaml,
      default: yaml,
      ".ts": module,
      ".mts": module,
      ".js": module,
      ".mjs": module,
      ".cjs": module,
    },
  });
}

/** cosmiconfig takes the key `droplens` out of what this gives; without it the search goes on. */
function packageLoader(path: string, content: string) {
  const { root, problems } = parseYaml(content, path);
  const droplens = root?.kind === "mapping" ? root.entries.get("droplens")?.node : undefined;
  // A broken package.json is this program's business only when it is about this program.
  if (droplens === undefined && (problems.length === 0 || !content.includes('"droplens"'))) return {};
  return { droplens: { parsed: { root: droplens, problems } } };
}

async function importDefault(path: string, generation: number): Promise<unknown> {
  const url = pathToFileURL(path);
  // A reload shall see the file of now: a module is imported once for each address.
  if (generation > 0) url.hash = String(generation);
  const module: { default?: unknown } = await import(url.href);
  return module.default;
}
