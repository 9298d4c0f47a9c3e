/**
 * `droplens validate`: every problem in the config at once; unless offline, each plugin is then made and asked whether
 * it can do its work here. Nothing is started.
 */
import type { Config, PipelineConfig, PluginUse } from "../config/config.ts";
import type { KeyPath } from "../config/config-node.ts";
import type { BuiltIn } from "../config/load.ts";
import { formatPath } from "../config/problem.ts";
import { withoutSecrets } from "../config/secret.ts";
import { printable } from "../model/printable.ts";
import { PrometheusMetrics } from "../operations/metrics.ts";
import type { Logger, PluginContext } from "../plugin/context.ts";
import { describeError } from "../plugin/errors.ts";
import type { Finding, Lifecycle } from "../plugin/lifecycle.ts";
import { makeInstance } from "../plugin-instance.ts";
import { realClock } from "../real-clock.ts";
import { configured } from "./configured.ts";
import type { ExitCode, Io } from "./io.ts";

export interface ValidateOptions {
  readonly config?: string;
  readonly offline?: boolean;
  /** How long one plugin may take to answer. */
  readonly checkTimeoutMillis?: number;
}

/** 2: the config is wrong; 1: a plugin cannot do its work; 0: all is well. */
export async function runValidate(options: ValidateOptions, io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  const loaded = await configured(options, io, builtIn);
  if (loaded === undefined) return 2;
  for (const warning of loaded.warnings) io.stderr(`warning: ${warning}\n`);
  const { config } = loaded;
  io.stdout(`${config.origin}: the config is right\n`);
  if (options.offline === true) return 0;
  const metrics = new PrometheusMetrics();
  const timeoutMillis = options.checkTimeoutMillis ?? 10_000;
  const checks = config.pipelines.flatMap((pipeline) => {
    const asked = { pipeline: pipeline.name, io, metrics, timeoutMillis };
    return usesOf(pipeline).map(([path, use]) => checkPlugin(use, { ...asked, path }));
  });
  const findings = (await Promise.all([...checks, checkTelemetry(config, { io, timeoutMillis })])).flat();
  const { root } = loaded.details.document;
  for (const finding of findings) io.stdout(withoutSecrets(describeFinding(finding), root));
  return findings.every((finding) => finding.ok) ? 0 : 1;
}

function usesOf({ name, source, parser, resolvers, sinks }: PipelineConfig): [KeyPath, PluginUse][] {
  const base = ["pipelines", name];
  return [
    [[...base, "source"], source],
    [[...base, "parser"], parser],
    ...resolvers.map((use, i): [KeyPath, PluginUse] => [[...base, "resolvers", i], use]),
    ...sinks.map((use, i): [KeyPath, PluginUse] => [[...base, "sinks", i], use]),
  ];
}

interface Asked {
  readonly path: KeyPath;
  readonly pipeline: string;
  readonly io: Io;
  readonly metrics: PrometheusMetrics;
  readonly timeoutMillis: number;
}

type Answer = Finding & { readonly plugin: string };

async function checkPlugin(use: PluginUse, asked: Asked): Promise<Answer[]> {
  const plugin = `${formatPath(asked.path)} ${use.name}`;
  const signal = AbortSignal.any([asked.io.signal, AbortSignal.timeout(asked.timeoutMillis)]);
  let instance: Lifecycle | undefined;
  try {
    instance = makeInstance(use, contextOf(use, plugin, asked));
    const findings = (await beforeAbort(instance.check?.(signal), signal)) ?? [];
    return findings.map((finding) => ({ ...finding, plugin }));
  } catch (error) {
    const isLate = signal.aborted && !asked.io.signal.aborted;
    const problem = isLate ? `no answer within ${asked.timeoutMillis} ms` : describeError(error);
    return [{ plugin, ok: false, what: "check whether it can do its work", problem }];
  } finally {
    const stopSignal = AbortSignal.timeout(asked.timeoutMillis);
    // What stopping has to say does not change whether the plugin can work.
    await beforeAbort(instance?.stop?.(stopSignal), stopSignal).catch(() => undefined);
  }
}

async function checkTelemetry(
  { telemetry }: Config,
  { io, timeoutMillis }: Pick<Asked, "io" | "timeoutMillis">,
): Promise<Answer[]> {
  if (telemetry?.otlp === undefined) return [];
  const { checkTelemetry: check } = await import("../operations/telemetry.ts");
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(timeoutMillis)]);
  const asked = { options: telemetry.otlp, environment: io.environment, clock: realClock };
  return [{ ...(await check(asked, signal)), plugin: "telemetry.otlp" }];
}

/** A plugin that does not heed its signal shall not hold the command. */
function beforeAbort<T>(answer: Promise<T> | undefined, signal: AbortSignal): Promise<T | undefined> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([answer ?? Promise.resolve(undefined), aborted]);
}

function contextOf(use: PluginUse, plugin: string, { pipeline, io, metrics }: Asked): PluginContext {
  const write = (_fields: object, message: string) => io.stderr(`warning: ${plugin}: ${printable(message, 1000)}\n`);
  const quiet = () => undefined;
  const logger: Logger = { debug: quiet, info: quiet, warn: write, error: write };
  return { name: use.name, pipeline, logger, metrics, clock: realClock, environment: io.environment };
}

function describeFinding({ plugin, ok, what, problem }: Answer): string {
  const text = ok ? what : `${what}: ${problem ?? "cannot be done"}`;
  return `${ok ? "ok     " : "PROBLEM"} ${plugin}: ${printable(text, 2000)}\n`;
}
