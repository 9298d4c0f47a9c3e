/** A small sink as a third party would write it, and the server it posts to: for the tests of the suites themselves. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { PluginContext } from "../../plugin/context.ts";
import { definePlugin, type PluginDefinition } from "../../plugin/definition.ts";
import { DroplensError, RetryableError } from "../../plugin/errors.ts";
import type { Sink } from "../../plugin/sink.ts";
import type { Mood } from "../check.ts";
import type { SinkPartner } from "../sink-checks.ts";
import { strictSchema } from "./failure-of.ts";

interface Options {
  readonly url: string;
}

/** `change` makes it wrong in one way. */
export function postSink(change: (sink: Sink, context: PluginContext) => Partial<Sink> = () => ({})) {
  return definePlugin({
    role: "sink",
    name: "sink-post",
    apiVersion: 1,
    options: strictSchema<Options>("url"),
    create: ({ url }, context) => {
      const sink: Sink = {
        delivery: { maxBatch: 50, concurrency: 2 },
        async deliver(reports, signal) {
          await post(url, JSON.stringify(reports.map(({ count }) => count)), signal);
          return undefined;
        },
        check: async (signal) => [await canPost(url, signal)],
      };
      return { ...sink, ...change(sink, context) };
    },
  }) satisfies PluginDefinition<"sink", Options>;
}

export async function post(url: string, body: string, signal: AbortSignal): Promise<void> {
  const request = { method: "POST", body, signal, headers: { connection: "close" } };
  const response = await fetch(url, request).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new RetryableError("POST_UNREACHABLE", `cannot reach ${url}`, { cause: error });
  });
  await response.arrayBuffer();
  if (response.status === 400) throw new DroplensError("POST_REFUSED", `${url} refuses the reports`);
}

async function canPost(url: string, signal: AbortSignal) {
  const what = `post to ${url}`;
  try {
    await post(url, "[]", signal);
    return { ok: true, what };
  } catch (error) {
    return { ok: false, what, problem: String(error) };
  }
}

export async function startPostServer(): Promise<SinkPartner> {
  let mood: Mood = "well";
  let packets = 0;
  const server = createServer(async (request, response) => {
    const counts: number[] = JSON.parse(Buffer.concat(await request.toArray()).toString());
    if (mood === "unavailable") return response.destroy();
    if (mood === "silent") return;
    if (mood === "well") packets += counts.reduce((sum, count) => sum + count, 0);
    response.writeHead(mood === "refusing" ? 400 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    options: { url: `http://127.0.0.1:${port}/` },
    storedPackets: () => packets,
    become: (next) => {
      mood = next;
    },
    stop: () => close(server),
  };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
