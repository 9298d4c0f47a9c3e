/** `droplens parse`: what a built-in parser makes of each line, as JSON. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import type { BuiltIn } from "../config/load.ts";
import { createLogger } from "../operations/logger.ts";
import { PrometheusMetrics } from "../operations/metrics.ts";
import type { ParseResult, Parser } from "../plugin/parser.ts";
import { realClock } from "../real-clock.ts";
import type { ExitCode, Io } from "./io.ts";
import { splitLines } from "./lines.ts";
import { unreadable } from "./unreadable.ts";

export interface ParseOptions {
  readonly files: readonly string[];
  /** A built-in parser's name. */
  readonly parser: string;
  /** None: any netfilter line. */
  readonly prefixes: readonly string[];
}

export async function parse(options: ParseOptions, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const parser = await makeParser(options, io, builtIn);
  if (parser === undefined) return 2;
  const parseLine = lineParser(parser);
  const inputs = options.files.length === 0 ? [undefined] : options.files;
  let exitCode: ExitCode = 0;
  for (const file of inputs) {
    try {
      const bytes = file === undefined ? io.stdin : createReadStream(resolve(io.cwd, file), { signal: io.signal });
      for await (const line of splitLines(bytes)) io.stdout(`${JSON.stringify(parseLine(line))}\n`);
    } catch (error) {
      if (io.signal.aborted) return exitCode;
      io.stderr(`droplens: ${unreadable(file ?? "stdin", error)}\n`);
      exitCode = 1;
    }
  }
  return exitCode;
}

/** Undefined: the name or the prefixes are wrong, which is said. */
async function makeParser(options: ParseOptions, io: Io, builtIn: BuiltIn): Promise<Parser | undefined> {
  const { parser: name, prefixes } = options;
  const parsers = Object.keys(builtIn.plugins).filter((each) => each.startsWith("parser-"));
  const loaded = parsers.includes(name) ? await builtIn.plugins[name]?.() : undefined;
  if (loaded === undefined) {
    io.stderr(`droplens: --parser: ${JSON.stringify(name)} is none of ${parsers.join(", ")}\n`);
    return undefined;
  }
  const { default: definition } = loaded;
  const checked = await definition.options["~standard"].validate(prefixes.length === 0 ? {} : { prefix: prefixes });
  if (checked.issues !== undefined) {
    for (const { message } of checked.issues) io.stderr(`droplens: --prefix: ${message}\n`);
    return undefined;
  }
  return definition.create(checked.value, {
    name,
    pipeline: "parse",
    logger: createLogger("warn", 2),
    metrics: new PrometheusMetrics(),
    clock: realClock,
    environment: io.environment,
  }) as Parser;
}

function lineParser(parser: Parser): (line: Buffer) => ParseResult {
  if (!("scan" in parser)) return (line) => parser.parseLine(line.toString("utf8"));
  return (line) => parser.parseBytes?.(line) ?? { kind: "other-line" };
}
