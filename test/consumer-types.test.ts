/**
 * The types of droplens/plugin and droplens/testkit as a plugin author's compiler sees them: made as build.ts makes them,
 * in a folder outside with the package's own manifest, strict, and with every .d.ts checked.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tempFolder } from "./support/temp-folder.ts";

const checkout = join(import.meta.dirname, "..");
const compiler = join(checkout, "node_modules/.bin/tsc");

let folder: string;
let clean = (): void => {};

beforeAll(async () => {
  folder = tempFolder((cleanUp) => {
    clean = cleanUp;
  });
  const types = join(folder, "node_modules/droplens/dist/types");
  await promisify(execFile)(compiler, ["-p", "tsconfig.types.json", "--outDir", types], { cwd: checkout });
  cpSync(join(checkout, "package.json"), join(folder, "node_modules/droplens/package.json"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  for (const name of ["@types/node", "undici-types"]) install(name);
}, 60_000);

afterAll(() => clean());

function install(name: string): void {
  const link = join(folder, "node_modules", name);
  mkdirSync(join(link, ".."), { recursive: true });
  symlinkSync(join(checkout, "node_modules", name), link);
}

const strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--skipLibCheck", "false"];
const language = ["--module", "nodenext", "--target", "es2024", "--lib", "es2024", "--types", "node"];

/** What the compiler says, "" when it is content. */
async function compile(text: string): Promise<string> {
  writeFileSync(join(folder, "mine.ts"), text);
  const args = ["--noEmit", "--ignoreConfig", ...strict, ...language, "mine.ts"];
  const said = await promisify(execFile)(compiler, args, { cwd: folder }).catch((error: { stdout: string }) => error);
  return said.stdout;
}

const sink = (deliver: string) => `
import { definePlugin, duration, type DropReport, RetryableError, type StandardSchema } from "droplens/plugin";
import { dropReport, sinkChecks, testContext } from "droplens/testkit";

const options: StandardSchema<{ url: string }> = {
  "~standard": { version: 1, vendor: "own", validate: () => ({ value: { url: "http://127.0.0.1" } }) },
};
const plugin = definePlugin({
  role: "sink", name: "sink-own", apiVersion: 1, options,
  create: ({ url }, context) => ({
    async deliver(reports: readonly DropReport[], signal: AbortSignal) {
      signal.throwIfAborted();
      context.logger.info({ url: url.toUpperCase() }, "delivering");
      if (reports.length === 0) throw new RetryableError("OWN_EMPTY", "none", { retryAfterMillis: 5 });
      ${deliver}
    },
  }),
});
export default plugin;
export const pause = duration("5s");
const startPartner = () => ({ options: { url: "x" }, storedPackets: () => 0 });
export const names = sinkChecks({ definition: plugin, startPartner }).map(({ name }) => name);
export const packets: number = dropReport({ count: 3 }).count + testContext().clock.now();
`;

it("are right for a plugin without zod", async () => {
  expect(await compile(sink("return undefined;"))).toBe("");
});

it("refuse what the contract does not have", async () => {
  expect(await compile(sink("return { stored: reports };"))).toMatch(/mine\.ts.*error TS/);
});

it("refuse a role's method that is missing", async () => {
  const text = sink("return undefined;").replace("async deliver(", "async send(");
  expect(await compile(text)).toMatch(/deliver/);
});

it("give a plugin with zod its options, durations as numbers", async () => {
  install("zod");
  const text = `
import { definePlugin, duration } from "droplens/plugin";
import { z } from "zod";
const options = z.strictObject({ every: duration("5s").describe("how often"), url: z.url() });
export default definePlugin({
  role: "resolver", name: "resolver-own", apiVersion: 1, options,
  create: ({ every, url }) => ({
    resolve: ({ address }) => ({ kind: "host", address, displayName: url.slice(0, every.valueOf()) }),
  }),
});
// @ts-expect-error a duration is read as milliseconds
export const wrong: string = duration("5s").parse("5s");
`;
  expect(await compile(text)).toBe("");
});
