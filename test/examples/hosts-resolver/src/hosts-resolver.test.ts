/** The suite that every resolver passes, with a table; and what is this resolver's own. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ResolverSubject, resolverChecks } from "droplens/testkit";
import plugin from "./index.ts";

const timeMillis = Date.parse("2026-11-20T20:00:00Z");

const subject: ResolverSubject = {
  definition: plugin,
  startPartner: () => ({
    options: { names: { "10.0.0.9": "db\u001b[31m", "fd00:0::9": "cache" } },
    known: { query: { address: "fd00::9", timeMillis }, endpoint: { kind: "host", displayName: "cache" } },
    unknown: { address: "10.0.0.10", timeMillis },
  }),
};

describe("resolver-hosts as a resolver", () => {
  for (const { name, run } of resolverChecks(subject)) it(name, run);
});

it("refuses a table whose key is no address", async () => {
  const result = await plugin.options["~standard"].validate({ names: { "db.example.org": "db" } });
  assert.ok(result.issues !== undefined);
});
