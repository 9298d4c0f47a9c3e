/** `droplens plugins`: a table of what is built in and what the config loads: name, role, version, from where. */
import type { CheckedUse } from "../config/checked-use.ts";
import { type BuiltIn, loadConfig } from "../config/load.ts";
import type { LoadedPlugin } from "../config/load-plugin.ts";
import { formatPath, formatProblems } from "../config/problem.ts";
import { printable } from "../model/printable.ts";
import { version } from "../version.ts";
import type { ExitCode, Io } from "./io.ts";

export async function runPlugins(options: { config?: string }, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const loaded = await loadConfig({ file: options.config, cwd: io.cwd, environment: io.environment, builtIn });
  const uses = loaded.ok ? loaded.details.uses : [];
  const rows = [...(await builtInRows(builtIn, uses)), ...foreignRows(uses)];
  io.stdout(table([["NAME", "ROLE", "VERSION", "FROM", "USED BY"], ...rows]));
  if (loaded.ok) return 0;
  // Without any config at all the built-in plugins are what was asked for.
  if (loaded.fromBundle) return 0;
  for (const problem of formatProblems(loaded.problems)) io.stderr(`${problem}\n`);
  return 2;
}

async function builtInRows(builtIn: BuiltIn, uses: readonly CheckedUse[]): Promise<string[][]> {
  const loaded = await Promise.all(Object.values(builtIn.plugins).map((load) => load()));
  return loaded.map(({ default: definition }) => {
    const used = uses.filter(({ plugin }) => plugin.from.kind === "built-in" && plugin.definition === definition);
    return [definition.name, definition.role, definition.version ?? version, "built in", usedBy(used)];
  });
}

function foreignRows(uses: readonly CheckedUse[]): string[][] {
  const byPath = Map.groupBy(uses, ({ plugin }) => ("path" in plugin.from ? plugin.from.path : undefined));
  return [...byPath].flatMap(([path, used]) => {
    const plugin: LoadedPlugin | undefined = used[0]?.plugin;
    if (path === undefined || plugin === undefined) return [];
    const from = plugin.from.kind === "package" ? `package ${path}` : path;
    const { name, role } = plugin.definition;
    return [[name, role, printable(plugin.version ?? "-", 40), printable(from, 500), usedBy(used)]];
  });
}

function usedBy(uses: readonly CheckedUse[]): string {
  return uses.length === 0 ? "-" : uses.map((use) => formatPath(use.path)).join(", ");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}
