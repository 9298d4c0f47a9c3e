/**
 * Says at a program's end which npm packages it has loaded: one line `packages: […]` on stderr. For `node --import`;
 * see test/telemetry.test.ts.
 */
import { writeSync } from "node:fs";
import { registerHooks } from "node:module";

const packages = new Set<string>();

registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) packages.add(name);
    return nextLoad(url, context);
  },
});

process.on("exit", () => {
  writeSync(2, `packages: ${JSON.stringify([...packages].toSorted())}\n`);
});
