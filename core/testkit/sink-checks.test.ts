/** The suite of sinks, held to plugins that are wrong in one way each. */
import { describe, expect, it } from "vitest";
import type { DropReport } from "../model/drop-report.ts";
import type { PluginContext } from "../plugin/context.ts";
import type { PluginDefinition } from "../plugin/definition.ts";
import { DroplensError, RetryableError } from "../plugin/errors.ts";
import type { Sink } from "../plugin/sink.ts";
import { sinkChecks } from "./sink-checks.ts";
import { failureOf } from "./testdata/failure-of.ts";
import { postSink, startPostServer } from "./testdata/post-sink.ts";

const moods = ["unavailable", "refusing", "silent"] as const;
const checksOf = (definition: PluginDefinition<"sink">, patienceMillis = 4000) =>
  sinkChecks({ definition, startPartner: startPostServer, moods, patienceMillis });

describe("a sink that keeps its promises", () => {
  for (const { name, run } of checksOf(postSink())) it(name, run);
});

type Change = (sink: Sink, context: PluginContext) => Partial<Sink>;

const rows: ReadonlyArray<{ name: string; change: Change; check: string; says: RegExp }> = [
  {
    name: "throws when it is stopped before it was started",
    change: () => ({ stop: () => Promise.reject(new Error("not started")) }),
    check: "stops before it was started",
    says: /not started/,
  },
  {
    name: "cannot be stopped twice",
    change: () => {
      let stops = 0;
      return { stop: async () => void (stops++ > 0 && fail("stopped already")) };
    },
    check: "stops twice",
    says: /stopped already/,
  },
  {
    name: "leaves a timer running",
    change: () => ({ start: async () => void setTimeout(() => {}, 10_000) }),
    check: "has stored what it acks",
    says: /left running after stop/,
  },
  {
    name: "leaves a sleep running, which keeps no process alive",
    change: (_, { clock }) => ({ start: async () => void clock.sleep(60_000, AbortSignal.timeout(60_000)) }),
    check: "has stored what it acks",
    says: /left running after stop/,
  },
  {
    name: "hangs in stop",
    change: () => ({ stop: () => new Promise(() => {}) }),
    check: "stops twice",
    says: /stop did not settle/,
  },
  {
    name: "does not start without its partner",
    change: (sink) => ({
      start: async (signal) => void (await sink.deliver([], signal)),
    }),
    check: "starts although its partner is not there",
    says: /cannot reach/,
  },
  {
    name: "goes on with a start that was aborted",
    change: () => ({ start: () => new Promise(() => {}) }),
    check: "gives up a start that is aborted already",
    says: /start did not settle/,
  },
  {
    name: "opens a connection in create",
    change: () => {
      setTimeout(() => {}, 1);
      return {};
    },
    check: "opens nothing when it is created",
    says: /opened by create/,
  },
  {
    name: "lets check reject",
    change: (sink) => ({
      check: async (signal) => [void (await sink.deliver([], signal)), { ok: true, what: "post" }].slice(1) as never,
    }),
    check: "answers check with a finding that is not ok when its partner is not there",
    says: /cannot reach/,
  },
  {
    name: "finds all well without asking",
    change: () => ({ check: async () => [{ ok: true, what: "post" }] }),
    check: "answers check with a finding that is not ok when its partner is not there",
    says: /check found nothing wrong/,
  },
  {
    name: "acks before it has stored",
    change: (sink) => ({
      deliver: async (reports, signal) => void setImmediate(() => void sink.deliver(reports, signal).catch(() => {})),
    }),
    check: "has stored what it acks",
    says: /packets stored/,
  },
  {
    name: "acks what it could not store",
    change: (sink) => ({ deliver: (reports, signal) => sink.deliver(reports, signal).catch(() => undefined) }),
    check: "gives a retryable error when its partner is not there, and stores it later",
    says: /acked although nobody was there/,
  },
  {
    name: "gives up for good when its partner is away for a moment",
    change: (sink) => ({ deliver: (reports, signal) => sink.deliver(reports, signal).catch(() => fail("no")) }),
    check: "gives a retryable error when its partner is not there, and stores it later",
    says: /not retryable/,
  },
  {
    name: "tries for ever what is refused",
    change: (sink) => ({
      deliver: (reports, signal) =>
        sink.deliver(reports, signal).catch(() => Promise.reject(new RetryableError("AGAIN", "again"))),
    }),
    check: "gives up for good what its partner refuses",
    says: /error is retryable/,
  },
  {
    name: "does not heed its signal",
    change: (sink) => ({ deliver: (reports) => sink.deliver(reports, new AbortController().signal) }),
    check: "gives up a delivery that is aborted while its partner is silent",
    says: /deliver did not settle/,
  },
  {
    name: "says that it is done when it was aborted",
    change: (sink) => ({ deliver: (reports, signal) => sink.deliver(reports, signal).catch(() => undefined) }),
    check: "never acks what an aborted signal kept it from",
    says: /packets stored/,
  },
  {
    name: "keeps the array of its batch",
    change: (sink) => {
      let last: readonly DropReport[] = [];
      return {
        deliver: async (reports, signal) => {
          const before = last;
          last = reports;
          return before.length === 0 && reports.length > 1 ? undefined : sink.deliver([...before, ...reports], signal);
        },
      };
    },
    check: "keeps nothing of a batch that is given back",
    says: /packets stored/,
  },
  {
    name: "changes a report",
    change: (sink) => ({
      deliver: (reports, signal) => {
        for (const report of reports) Object.assign(report, { count: 1 });
        return sink.deliver(reports, signal);
      },
    }),
    check: "takes reports of every shape, and changes none",
    says: /read only property/,
  },
  {
    name: "cannot take two batches at once",
    change: (sink) => {
      let underWay = 0;
      return {
        deliver: async (reports, signal) => {
          if (underWay++ > 0) throw new DroplensError("BUSY", "one at a time");
          return sink.deliver(reports, signal).finally(() => underWay--);
        },
      };
    },
    check: "takes as many batches at once as it asks for",
    says: /one at a time/,
  },
];

function fail(message: string): never {
  throw new DroplensError("WRONG", message);
}

describe("the suite of sinks catches one that", () => {
  for (const { name, change, check, says } of rows) {
    it(name, async () => expect(await failureOf(checksOf(postSink(change), 300), check)).toMatch(says));
  }

  it("takes any option", async () => {
    const schema = { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) } } as const;
    const lax = { ...postSink(), options: schema } as PluginDefinition<"sink">;
    const says = await failureOf(checksOf(lax), "refuses an option that it does not know");
    expect(says).toMatch(/noSuchOption was taken/);
  });

  it("has another role's name, or was made for another API", async () => {
    const named = { ...postSink(), name: "webhook" };
    expect(await failureOf(checksOf(named), "is declared properly")).toMatch(/begins with "sink-"/);
    expect(await failureOf(checksOf({ ...postSink(), apiVersion: 2 }), "is declared properly")).toMatch(/2 !== 1/);
  });
});
