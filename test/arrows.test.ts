/** Holds the direction of imports: plugins import the core, the core imports no plugin, rooms never each other. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

interface Arrow {
  readonly from: string;
  readonly to: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
    .map((path) => join(folder, path));
}

/** Relative imports only: packages are anybody's. */
function arrows(file: string): Arrow[] {
  const text = readFileSync(join(root, file), "utf8");
  const imports = text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...imports].map(([, path = ""]) => ({ from: file, to: normalize(join(dirname(file), path)) }));
}

const room = (path: string): string => path.split("/").slice(0, 2).join("/");
const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.includes("/testdata/");

function allowed({ from, to }: Arrow): boolean {
  if (to === "package.json") return true;
  if (from.startsWith("plugins/")) return room(to) === room(from) || to.startsWith("core/");
  if (from === "core/main.ts") return to.startsWith("core/") || to.startsWith("config/");
  if (from.startsWith("core/")) return to.startsWith("core/");
  return true;
}

/** A plugin sees of the core what a plugin author sees, and what several rooms share under a noun of its own. */
const forPlugins = /^core\/(plugin|byte-search|model|kubernetes|netfilter|otlp|testkit)\//;

describe("arrows", () => {
  const all = ["core", "plugins", "config"].flatMap(sources).flatMap(arrows);

  it("finds the imports at all", () => {
    expect(all.length).toBeGreaterThan(100);
    expect(all).toContainEqual({ from: "core/main.ts", to: "config/built-in.ts" });
  });

  it("point inward", () => {
    expect(all.filter((arrow) => !isTest(arrow.from) && !allowed(arrow))).toEqual([]);
  });

  it("of plugins end in the part of the core that is for plugins", () => {
    const wrong = all.filter(
      ({ from, to }) => from.startsWith("plugins/") && !isTest(from) && to.startsWith("core/") && !forPlugins.test(to),
    );
    expect(wrong).toEqual([]);
  });

  it("of the program never end in the testkit, but for the demo", () => {
    const wrong = all.filter(
      ({ from, to }) =>
        !isTest(from) &&
        !from.startsWith("core/testkit/") &&
        !from.startsWith("core/cli/demo") &&
        to.startsWith("core/testkit/"),
    );
    expect(wrong).toEqual([]);
  });

  it("are never for a file that reads process.env outside the entry", () => {
    const readers = ["core", "plugins"]
      .flatMap(sources)
      .filter(
        (file) => !isTest(file) && /^(?! *(\/?\*|\/\/)).*process\.env/m.test(readFileSync(join(root, file), "utf8")),
      );
    expect(readers.map((file) => relative("", file))).toEqual(["core/main.ts"]);
  });
});
