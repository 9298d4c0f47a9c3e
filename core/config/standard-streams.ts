/**
 * Who takes the process's stdin and stdout: one pipeline may read stdin, and Droplens' own log leaves stdout to a sink
 * that writes there. Called by check.ts once the plugins' options are right.
 */
import type { StandardStream } from "../plugin/definition.ts";
import type { CheckedUse } from "./checked-use.ts";
import type { ConfigDocument, KeyPath } from "./config-node.ts";
import { formatPath, type Problem, problemAt } from "./problem.ts";

/** What one reader takes from a pipe, another never sees. */
export function sharedStdin(document: ConfigDocument, uses: readonly CheckedUse[]): Problem[] {
  const [first, ...others] = uses.filter((use) => takes(use, "stdin")).map(({ path }): KeyPath => path);
  if (first === undefined) return [];
  const message = `stdin has one reader only, and ${formatPath(first)} reads it already: give this pipeline another source`;
  return others.map((path) => problemAt(document, path, { message }));
}

export function logDestination(wanted: "auto" | "stdout" | "stderr", uses: readonly CheckedUse[]): "stdout" | "stderr" {
  if (wanted !== "auto") return wanted;
  return uses.some((use) => takes(use, "stdout")) ? "stderr" : "stdout";
}

function takes({ plugin: { definition }, options }: CheckedUse, stream: StandardStream): boolean {
  if (options === undefined) return false;
  return definition.standardStreams?.(options).includes(stream) ?? false;
}
