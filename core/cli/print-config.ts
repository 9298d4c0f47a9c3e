/** `droplens print-config`: the config in force as YAML, each value with where it came from, secrets redacted. */
import { configInForce } from "../config/in-force.ts";
import type { BuiltIn } from "../config/load.ts";
import { version } from "../version.ts";
import { configured } from "./configured.ts";
import type { ExitCode, Io } from "./io.ts";

export async function runPrintConfig(options: { config?: string }, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const loaded = await configured(options, io, builtIn);
  if (loaded === undefined) return 2;
  for (const warning of loaded.warnings) io.stderr(`warning: ${warning}\n`);
  io.stdout(configInForce(loaded.details, version).toString({ lineWidth: 0, flowCollectionPadding: true }));
  return 0;
}
