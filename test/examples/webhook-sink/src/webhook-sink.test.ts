/** The suite that every sink passes, against a real server; and what is this sink's own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { dropReport, type Mood, packetDrop, type SinkPartner, sinkChecks, testContext } from "droplens/testkit";
import plugin from "./index.ts";

describe("sink-webhook as a sink", () => {
  const moods = ["unavailable", "refusing", "silent"] as const;
  for (const { name, run } of sinkChecks({ definition: plugin, startPartner: startServer, moods })) it(name, run);
});

it("posts what a person wants to know, with the token", async () => {
  const server = await startServer();
  const sink = plugin.create({ ...server.options, token: "let-me-in" }, testContext());
  const drop = packetDrop({ sourceAddress: "10.0.0.7", destinationAddress: "10.0.0.9", destinationPort: 5432 });
  await sink.deliver([dropReport({ drop, count: 3 })], AbortSignal.timeout(5000));
  await server.stop();
  assert.deepEqual(server.drops, [{ time: drop.time, from: "10.0.0.7", to: "10.0.0.9", port: 5432, count: 3 }]);
  assert.equal(server.authorization, "Bearer let-me-in");
});

interface Drop {
  readonly count: number;
}

/** A server that keeps what it is sent, and can be in a bad mood. */
async function startServer() {
  const statuses: Readonly<Record<Mood, number>> = { well: 200, unavailable: 503, refusing: 400, silent: 0 };
  const state = { mood: "well" as Mood, drops: [] as Drop[], authorization: "" };
  const server = createServer(async (request, response) => {
    const text = await textOf(request);
    const { mood } = state;
    if (mood === "silent") return;
    if (mood === "unavailable" && request.method === "OPTIONS") return void request.socket.destroy();
    if (mood === "well" && request.method === "POST") state.drops.push(...JSON.parse(text).drops);
    state.authorization = request.headers.authorization ?? "";
    response.writeHead(statuses[mood]).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const partner = {
    options: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in` },
    storedPackets: () => state.drops.reduce((sum, { count }) => sum + count, 0),
    become: (mood: Mood) => {
      state.mood = mood;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  } satisfies SinkPartner;
  return Object.assign(state, partner);
}

async function textOf(request: IncomingMessage): Promise<string> {
  request.setEncoding("utf8");
  let text = "";
  for await (const part of request) text += part;
  return text;
}
