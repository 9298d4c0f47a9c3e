/** `droplens create-plugin`: writes a new plugin's package, ready to be tested, and says what to do next. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { describeError } from "../plugin/errors.ts";
import { type PluginPackage, pluginPackage } from "./create-plugin/plugin-package.ts";
import type { ExitCode, Io } from "./io.ts";

export interface CreatePluginOptions {
  readonly role: string;
  readonly thing: string;
  /** Where to; default: a folder of the package's name. */
  readonly dir?: string;
  readonly droplens?: string;
}

type Shell = Pick<Io, "cwd" | "stdout" | "stderr">;

/** 2: the name is wrong, or something is there already; 1: it cannot be written. */
export async function createPlugin({ dir, ...request }: CreatePluginOptions, io: Shell): Promise<ExitCode> {
  const made = pluginPackage(request);
  if (!made.ok) return fail(io, 2, made.problem);
  const folder = resolve(io.cwd, dir ?? made.package.name);
  const near = relative(io.cwd, folder) || ".";
  const shown = near.startsWith("..") ? folder : near;
  try {
    if (!(await isFree(folder))) {
      return fail(io, 2, `${shown} is there already and not empty: name another folder with --dir, or remove it`);
    }
    await write(folder, made.package);
  } catch (error) {
    return fail(io, 1, `cannot write ${shown}: ${describeError(error)}`);
  }
  io.stdout(nextSteps(made.package, shown));
  return 0;
}

function fail(io: Shell, code: ExitCode, problem: string): ExitCode {
  io.stderr(`droplens: ${problem}\n`);
  return code;
}

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return true;
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return false;
    throw error;
  }
}

async function write(folder: string, { files }: PluginPackage): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    // "wx": whatever came in between is not overwritten either.
    await writeFile(join(folder, path), text, { flag: "wx" });
  }
}

function nextSteps({ name, files }: PluginPackage, folder: string): string {
  const go =
    folder === "." ? "" : `cd ${/^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`} && `;
  return [
    `${name}:`,
    ...[...files.keys()].map((path) => `  ${join(folder, path)}`),
    "",
    "Next:",
    `  ${go}npm install`,
    "  npm test           # the suite that every plugin of its role passes",
    "  npm run build      # only to publish it: a config can name ./src/index.ts as it is",
    "  less README.md droplens.example.yaml",
    "",
  ].join("\n");
}
