/** For esbuild, called by build.ts: Node's own modules are loaded when they are needed, not with the file that imports them. */
import { createRequire, isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/** Of Node's own modules, those that a usual run never or hardly needs. */
const names = "assert os util child_process crypto dgram dns http http2 https net readline tls worker_threads zlib";
const lateModules = names.split(" ");

/**
 * `import … from "node:http"` makes Node read every export, `WebSocket` too, for which it loads its whole fetch; and all
 * imports of a file are loaded when it is. Here one of Node's modules is loaded when the code that imports it first runs,
 * and a late one when the first of its exports is used: together a sixth of the CPU time of a start.
 */
export function lateBuiltIns(): Plugin {
  return {
    name: "late-built-ins",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(node:)?[a-z_0-9/]+$/ }, ({ kind, path }) => {
        const name = path.replace("node:", "");
        const isRequired = kind === "require-call" && lateModules.includes(name);
        if (!isBuiltin(name) || !(isRequired || kind === "import-statement")) return undefined;
        return { path: name, namespace: "node", sideEffects: false };
      });
      onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => {
        const module = `process.getBuiltinModule("node:${path}")`;
        return { contents: `module.exports = ${lateModules.includes(path) ? lateModule(path, module) : module}` };
      });
    },
  };
}

function lateModule(name: string, module: string): string {
  const exported: unknown = createRequire(import.meta.url)(name);
  const getters = Object.keys(Object(exported)).map((key) => `get ${key}(){return ${module}.${key}}`);
  if (typeof exported !== "function") return `{${getters}}`;
  return `Object.defineProperties((...all) => ${module}(...all), Object.getOwnPropertyDescriptors({${getters}}))`;
}
