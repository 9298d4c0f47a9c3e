/** A plugin of each role, small enough to see through, for the tests of the config. */
import { z } from "zod";
import type { PluginDefinition } from "../../plugin/definition.ts";
import { definePlugin } from "../../plugin/definition.ts";
import { duration } from "../../plugin/duration.ts";
import type { BuiltIn } from "../load.ts";

const source = definePlugin({
  role: "source",
  name: "source-file",
  apiVersion: 1,
  options: z.strictObject({
    path: z.union([z.string(), z.array(z.string()).min(1)]).describe("The files"),
    pollInterval: duration("5s"),
    maxLineBytes: z.int().min(128).default(65536),
    until: z.enum(["forever", "end"]).default("forever"),
  }),
  create: () => ({
    async *read() {},
    check: async () => [{ ok: true, what: "read the file" }],
  }),
});

const parser = definePlugin({
  role: "parser",
  name: "parser-iptables",
  apiVersion: 1,
  options: z.strictObject({
    prefix: z.union([z.string(), z.array(z.string())]).optional(),
    trust: z.enum(["kernel", "any"]).default("kernel"),
    timeLayout: z.string().optional(),
  }),
  create: () => ({ parseLine: (_line: string) => ({ kind: "other-line" as const }) }),
});

const resolver = definePlugin({
  role: "resolver",
  name: "resolver-dns",
  apiVersion: 1,
  options: z.strictObject({ timeout: duration("1s"), servers: z.array(z.string()).optional() }),
  create: () => ({ resolve: () => undefined }),
});

const sink = definePlugin({
  role: "sink",
  name: "sink-webhook",
  apiVersion: 1,
  options: z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    token: z.string().min(8).optional(),
    headers: z.record(z.string(), z.string()).default({}),
    batch: z.strictObject({ size: z.int().min(1).default(100), wait: duration("1s") }).prefault({}),
  }),
  create: (options) => ({
    deliver: async () => undefined,
    check: async () => [
      { ok: false, what: `reach ${options.url}`, problem: "connection refused: is the server running?" },
    ],
  }),
});

const memory = definePlugin({
  role: "sink",
  name: "sink-memory",
  apiVersion: 1,
  options: z.strictObject({}),
  create: () => ({ deliver: async () => undefined }),
});

export function builtInOf(definitions: readonly PluginDefinition[] = little): BuiltIn {
  const plugins: Record<string, () => Promise<{ default: PluginDefinition }>> = {};
  for (const definition of definitions) plugins[definition.name] = async () => ({ default: definition });
  return { plugins, bundle: { origin: "built-in bundle", text: () => bundleText } };
}

export const little: readonly PluginDefinition[] = [source, parser, resolver, sink, memory];

const bundleText = `
version: 1
operations:
  port: \${env:METRICS_SERVER_PORT:-9090}
pipelines:
  drops:
    maxAge: \${env:PACKET_DROP_EXPIRATION_MINUTES:-10}m
    source:
      use: source-file
      path: "\${env:IPTABLES_LOG_PATH}"
    parser:
      use: parser-iptables
      prefix: "\${env:IPTABLES_LOG_PREFIX}"
      timeLayout: "\${env:PACKET_DROP_LOG_TIME_LAYOUT:-}"
    sinks:
      - use: sink-memory
`;
