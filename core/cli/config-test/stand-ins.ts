/**
 * What stands in for the world in a config test: a source that reads what the test says, a resolver that answers from the
 * test's table, sinks that remember, a clock that stands still. Parser, window and pipeline are the real ones.
 */
import type { PipelineConfig } from "../../config/config.ts";
import { canonicalAddress } from "../../model/address.ts";
import type { DropReport } from "../../model/drop-report.ts";
import { bareAddress, type Endpoint } from "../../model/endpoint.ts";
import type { Clock } from "../../plugin/context.ts";
import { definePlugin, type PluginDefinition, type Role } from "../../plugin/definition.ts";
import type { Chunk } from "../../plugin/source.ts";
import type { StandardSchema } from "../../plugin/standard-schema.ts";
import type { ResolveTable } from "./test-schema.ts";

export interface World {
  readonly lines: Uint8Array;
  readonly resolve: ResolveTable;
  /** By sink; filled while the pipeline runs. */
  readonly reports: ReadonlyMap<string, DropReport[]>;
}

/** The same pipeline between stand-ins. Whatever else the config says of a sink holds. */
export function betweenStandIns(pipeline: PipelineConfig, world: World): PipelineConfig {
  const endpoints = endpointsOf(world.resolve);
  const resolver = standIn("resolver", () => ({ resolve: ({ address }) => endpoints.get(address) }));
  const place = { name: "resolve", options: {}, where: "resolve of the test" };
  return {
    ...pipeline,
    source: { ...pipeline.source, definition: standIn("source", () => ({ read: () => chunksOf(world.lines) })) },
    resolvers: pipeline.resolvers.length === 0 ? [] : [{ ...place, definition: resolver }],
    sinks: pipeline.sinks.map((use) => ({
      ...use,
      queue: {},
      definition: standIn("sink", () => ({
        async deliver(reports) {
          world.reports.get(use.name)?.push(...reports);
          return undefined;
        },
      })),
    })),
  };
}

export function stillClock(nowMillis: number): Clock {
  return {
    now: () => nowMillis,
    sleep: (_millis, signal) =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
}

function standIn<R extends Role>(role: R, create: PluginDefinition<R>["create"]): PluginDefinition<R> {
  return definePlugin<R, unknown>({ role, name: `${role}-stand-in`, apiVersion: 1, options: anything, create });
}

/** Stand-ins get the options of the plugin whose place they take, and never look at them. */
const anything: StandardSchema = {
  "~standard": { version: 1, vendor: "droplens", validate: (value) => ({ value }) },
};

const maxChunkBytes = 1024 * 1024;

/** Whole lines; a line longer than a chunk comes in one piece. */
async function* chunksOf(lines: Uint8Array): AsyncGenerator<Chunk> {
  for (let start = 0; start < lines.length; ) {
    const end = endOfChunk(lines, start);
    yield { bytes: lines.subarray(start, end), resume: end };
    start = end;
  }
}

function endOfChunk(lines: Uint8Array, start: number): number {
  if (lines.length - start <= maxChunkBytes) return lines.length;
  const newline = lines.lastIndexOf(10, start + maxChunkBytes - 1);
  return newline >= start ? newline + 1 : lines.indexOf(10, start) + 1 || lines.length;
}

function endpointsOf(table: ResolveTable): ReadonlyMap<string, Endpoint> {
  return new Map(
    Object.entries(table).map(([written, known]): [string, Endpoint] => {
      const address = canonicalAddress(written) ?? written;
      const displayName = known.displayName ?? known.name ?? address;
      return [address, { ...bareAddress(address), ...known, displayName } as Endpoint];
    }),
  );
}
