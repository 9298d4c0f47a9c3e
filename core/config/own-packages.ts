/**
 * Lets a plugin import `droplens/plugin`, `droplens/testkit` and `zod` where no packages are installed for it: a single
 * file that is mounted from a ConfigMap, or a package in an image that has Droplens as its program only. What a plugin
 * has installed beside itself goes first. Called by load-plugin.ts before it loads anything that is not built in.
 */
import { type RegisterHooksOptions, registerHooks } from "node:module";

export function provideOwnPackages(): void {
  if (isProvided) return;
  isProvided = true;
  registerHooks({ resolve: resolveOwn });
}

let isProvided = false;

type ResolveHook = NonNullable<RegisterHooksOptions["resolve"]>;

const isBundled = !import.meta.url.endsWith(".ts");

/** Beside the bundle's chunks; in a checkout the sources. `zod` is then where any file of the checkout finds it. */
const places: Readonly<Record<string, string | undefined>> = isBundled
  ? { "droplens/plugin": "./plugin.js", "droplens/testkit": "./testkit.js", zod: "./zod.js" }
  : { "droplens/plugin": "../plugin/index.ts", "droplens/testkit": "../testkit/index.ts", zod: undefined };

const resolveOwn: ResolveHook = (specifier, context, next) => {
  if (!Object.hasOwn(places, specifier)) return next(specifier, context);
  try {
    const found = next(specifier, context);
    if (!found.url.startsWith(builtUrl)) return found;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const place = places[specifier];
  if (place === undefined) return next(specifier, { ...context, parentURL: import.meta.url });
  return { url: new URL(place, import.meta.url).href, shortCircuit: true };
};

/** A file within the checkout finds what was built there at some time; the sources that run are meant. */
const builtUrl = new URL(isBundled ? "./" : "../../dist/", import.meta.url).href;

function isNotFound(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
