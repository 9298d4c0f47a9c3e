/**
 * What `npm pack` makes of this checkout, from a clean copy of the tracked files; and how commands are run in a folder as
 * a person types them there. Called by package.test.ts and third-party.test.ts.
 */
import { cp, mkdir, symlink } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { type CommandOptions, output } from "./command.ts";

const checkout = join(import.meta.dirname, "../..");

export interface Packed {
  /** The copy that it was made in, with its dist/. */
  readonly copy: string;
  readonly tarball: string;
}

export async function packInto(folder: string): Promise<Packed> {
  const copy = await copyTracked(join(folder, "copy"));
  const printed = await output(["npm", "pack", "--json", "--pack-destination", folder], inFolder(copy, 120_000));
  return { copy, tarball: join(folder, JSON.parse(printed.slice(printed.indexOf("[")))[0].filename) };
}

/** What git knows, as it is here, with the packages that `npm ci` has put here. */
async function copyTracked(target: string): Promise<string> {
  const files = (await output(["git", "ls-files", "-z"], { cwd: checkout })).split("\0").filter((path) => path !== "");
  for (const path of files) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await cp(join(checkout, path), join(target, path));
  }
  await symlink(join(checkout, "node_modules"), join(target, "node_modules"));
  return target;
}

/** With this Node, and without what npm tells the scripts that it runs: each command is one that a person types. */
export function inFolder(cwd: string, timeoutMillis = 20_000): CommandOptions {
  const given = Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)|^NODE_OPTIONS$|^VITEST/.test(name));
  const environment = Object.fromEntries(given);
  environment.PATH = `${dirname(process.execPath)}${delimiter}${environment.PATH ?? ""}`;
  return { cwd, timeoutMillis, environment };
}
