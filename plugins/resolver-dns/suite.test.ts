import { describe, it } from "vitest";
import { type ResolverPartner, resolverChecks } from "../../core/testkit/index.ts";
import { resolverDns } from "./index.ts";
import { type AskedQuestion, askedAddress, DnsServer, message, ptr } from "./testdata/dns-server.ts";

const timeMillis = Date.parse("2026-11-20T20:00:00Z");
const noSuchName = 3;

function wellReply(question: AskedQuestion): Buffer {
  const known = askedAddress(question) === "192.0.2.7";
  return message(question, known ? { answers: [ptr("db.example")] } : { code: noSuchName });
}

async function startPartner(): Promise<ResolverPartner> {
  const server = await DnsServer.start(wellReply);
  let isUp = true;
  const stop = async () => {
    if (isUp) await server.stop();
    isUp = false;
  };
  return {
    // Longer than the suite waits: what ends a question that has no answer is its signal.
    options: { servers: [server.address], timeout: "60s" },
    known: {
      query: { address: "192.0.2.7", timeMillis },
      endpoint: { kind: "host", displayName: "db.example", name: "db.example" },
    },
    unknown: { address: "192.0.2.8", timeMillis },
    async become(mood) {
      if (mood === "silent") server.reply = () => undefined;
      if (mood === "unavailable") await stop();
    },
    stop,
  };
}

describe("resolver-dns as a resolver", () => {
  const subject = { definition: resolverDns, startPartner, moods: ["unavailable", "silent"] } as const;
  for (const { name, run } of resolverChecks(subject)) it(name, run);
});
