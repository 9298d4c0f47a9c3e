/** The behaviour of a sink, as core/plugin/sink.ts promises it: in comes a subject, out come checks for any runner. */
import assert from "node:assert/strict";
import type { DropReport } from "../model/drop-report.ts";
import { isRetryable } from "../plugin/errors.ts";
import type { DeliveryResult, Sink } from "../plugin/sink.ts";
import type { Check, Partner, Subject } from "./check.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { dropReport, packetDrop } from "./drops.ts";
import { abortedAfter, lifecycleChecks, whenPossible } from "./lifecycle-checks.ts";
import { type Staged, started } from "./stage.ts";
import { rejection, within } from "./within.ts";

/** A sink, and how to make what it delivers to. */
export interface SinkSubject extends Subject<"sink", SinkPartner> {
  /** A report that the sink has to store. Called with what sets one apart from the others. Default: dropReport. */
  report?(parts: Partial<DropReport>): DropReport;
}

/** What a sink delivers to: a server, a file, a registry. */
export interface SinkPartner extends Partner {
  /** How many packets it has stored: the sum of the counts of the reports. */
  storedPackets(): number | Promise<number>;
}

type OnStage = Staged<"sink", SinkPartner>;

/** @example for (const { name, run } of sinkChecks({ definition, startPartner: startServer })) it(name, run); */
export function sinkChecks(subject: SinkSubject): readonly Check[] {
  const make = subject.report ?? dropReport;
  const reports = (count: number) => Array.from({ length: count }, (_, i) => deepFreeze(make(someParts(i))));
  const check = (name: string, act: (stage: OnStage) => Promise<void>): Check => ({
    name,
    run: () => started(subject, act),
  });
  return [
    ...lifecycleChecks(subject, "sink"),
    check("has stored what it acks", (stage) => storesWhatItAcks(stage, reports(3))),
    check("takes its largest batch", (stage) =>
      storesWhatItAcks(stage, reports(stage.instance.delivery?.maxBatch ?? 500)),
    ),
    check("keeps nothing of a batch that is given back", (stage) => keepsNoBatch(stage, reports(4))),
    check("takes as many batches at once as it asks for", (stage) => storesAtOnce(stage, reports)),
    check("takes reports of every shape, and changes none", takesEveryShape),
    check("never acks what an aborted signal kept it from", (stage) => abortedBefore(stage, reports(2))),
    ...whenPossible(subject, "unavailable", [
      check("gives a retryable error when its partner is not there, and stores it later", (stage) =>
        retries(stage, reports(2)),
      ),
    ]),
    ...whenPossible(subject, "refusing", [
      check("gives up for good what its partner refuses", (stage) => refused(stage, reports(2))),
    ]),
    ...whenPossible(subject, "silent", [
      check("gives up a delivery that is aborted while its partner is silent", (stage) => hangs(stage, reports(2))),
      check("stops although its partner is silent", (stage) => stopsWhileSilent(stage, reports(2))),
    ]),
  ];
}

/** Flows that differ, so that nothing is folded; counts that differ, so that sums tell. */
function someParts(index: number): Partial<DropReport> {
  const drop = packetDrop({ sourcePort: 40_000 + index, destinationPort: 1 + (index % 65_000) });
  return { drop, count: 1 + (index % 3), repeat: index % 3 > 0 };
}

const packetsIn = (reports: readonly DropReport[]): number => reports.reduce((sum, { count }) => sum + count, 0);

/** What `result` says is stored. */
function acked(reports: readonly DropReport[], result: DeliveryResult | undefined): readonly DropReport[] {
  const named = [...(result?.discarded ?? []), ...(result?.retry ?? [])].map(({ report }) => report);
  for (const report of named)
    assert.ok(reports.includes(report), "a result names only reports of its batch, themselves");
  return reports.filter((report) => !named.includes(report));
}

async function storesWhatItAcks({ instance, partner, signal }: OnStage, reports: readonly DropReport[]): Promise<void> {
  const stored = acked(reports, await within("deliver", instance.deliver(reports, signal)));
  assert.equal(stored.length, reports.length, "reports were not stored although the partner is well");
  assert.equal(await partner.storedPackets(), packetsIn(reports), "packets stored");
}

async function keepsNoBatch({ instance, partner, signal }: OnStage, reports: readonly DropReport[]): Promise<void> {
  const batch = reports.slice(0, 2);
  await within("deliver", instance.deliver(batch, signal));
  batch.length = 0;
  await within("deliver", instance.deliver(reports.slice(2), signal));
  assert.equal(await partner.storedPackets(), packetsIn(reports), "packets stored");
}

async function storesAtOnce(stage: OnStage, make: (count: number) => DropReport[]): Promise<void> {
  const { instance, partner, signal } = stage;
  const batches = Array.from({ length: instance.delivery?.concurrency ?? 1 }, () => make(1));
  const same = batches.flat();
  await within("deliver", Promise.all(batches.map((batch) => instance.deliver(batch, signal))));
  assert.equal(await partner.storedPackets(), packetsIn(same), "packets stored");
}

async function takesEveryShape({ instance, signal }: OnStage): Promise<void> {
  const reports = deepFreeze(everyShape());
  acked(reports, await within("deliver", instance.deliver(reports, signal)));
}

function everyShape(): DropReport[] {
  const pod = {
    kind: "pod",
    address: "10.0.0.7",
    displayName: "shop/web-1",
    name: "web-1",
    namespace: "shop",
  } as const;
  const hostile = {
    kind: "host",
    address: "192.0.2.7",
    displayName: '\u001b[31m"\r\n\u202e',
    name: "a".repeat(4000),
  } as const;
  const bare: DropReport["drop"] = {
    time: "2026-11-20T20:00:00Z",
    ipVersion: 6,
    sourceAddress: "::1",
    destinationAddress: "fd00::9",
  };
  return [
    dropReport({ drop: bare }),
    dropReport({ source: pod }),
    dropReport({ source: { ...pod, workload: { kind: "Deployment", name: "web" }, uid: "u-1", nodeName: "n-1" } }),
    dropReport({ destination: { ...pod, hostNetwork: true } }),
    dropReport({ destination: hostile, count: 1_000_000, repeat: true }),
    dropReport({
      drop: packetDrop({ protocol: "ICMP", icmpType: 3, icmpCode: 1, embedded: bare, logPrefix: "\u0000" }),
    }),
  ];
}

async function abortedBefore({ instance, partner }: OnStage, reports: readonly DropReport[]): Promise<void> {
  const signal = AbortSignal.abort(new Error("the process is to end"));
  let stored: readonly DropReport[] = [];
  const error = await rejection(
    "deliver",
    instance.deliver(reports, signal).then((result) => {
      stored = acked(reports, result);
    }),
  );
  assert.equal(await partner.storedPackets(), packetsIn(stored), `packets stored (deliver: ${error ?? "resolved"})`);
}

async function retries({ instance, partner, signal }: OnStage, reports: readonly DropReport[]): Promise<void> {
  await partner.become?.("unavailable");
  const before = await partner.storedPackets();
  await toComeAgain(instance, reports, signal);
  assert.equal(await partner.storedPackets(), before, "packets stored while the partner was not there");
  await partner.become?.("well");
  await untilStored(instance, reports, signal);
  assert.equal(await partner.storedPackets(), before + packetsIn(reports), "packets stored");
}

const maxAttempts = 100;

/** Delivers what is not acked yet, again and again, as the delivery queue would. */
async function untilStored(sink: Sink, reports: readonly DropReport[], signal: AbortSignal): Promise<void> {
  let left = reports;
  for (let i = 0; i < maxAttempts && left.length > 0; i++) {
    const batch = left;
    const error = await rejection(
      "deliver",
      sink.deliver(batch, signal).then((result) => {
        const stored = acked(batch, result);
        left = batch.filter((report) => !stored.includes(report));
      }),
    );
    assert.ok(error === undefined || isRetryable(error), `not a retryable error: ${error}`);
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(left.length, 0, "reports were never stored, although the partner is there again");
}

/** Either way of asking for it: a retryable error, or a result that names every report. */
async function toComeAgain(sink: Sink, reports: readonly DropReport[], signal: AbortSignal): Promise<void> {
  let again = 0;
  const error = await rejection(
    "deliver",
    sink.deliver(reports, signal).then((result) => {
      again = result?.retry?.length ?? 0;
    }),
  );
  if (error === undefined) assert.equal(again, reports.length, "reports were acked although nobody was there");
  else assert.ok(isRetryable(error), `the error is not retryable (its property "retryable" is to be true): ${error}`);
}

async function refused({ instance, partner, signal }: OnStage, reports: readonly DropReport[]): Promise<void> {
  await partner.become?.("refusing");
  let discarded = 0;
  const error = await rejection(
    "deliver",
    instance.deliver(reports, signal).then((result) => {
      for (const { reason } of result?.discarded ?? [])
        assert.match(reason, /^[a-z][a-z0-9_]*$/, "a reason is a fixed word");
      discarded = result?.discarded?.length ?? 0;
    }),
  );
  if (error === undefined) assert.equal(discarded, reports.length, "reports were acked although they were refused");
  else assert.ok(!isRetryable(error), `the error is retryable, although it will always be refused: ${error}`);
  assert.equal(await partner.storedPackets(), 0, "packets stored");
}

async function hangs({ instance, partner }: OnStage, reports: readonly DropReport[]): Promise<void> {
  await partner.become?.("silent");
  const error = await rejection(
    "deliver",
    instance.deliver(reports, abortedAfter(100, new Error("it takes too long"))),
  );
  assert.ok(error !== undefined, "deliver resolved although its partner never answered");
}

async function stopsWhileSilent({ instance, partner, signal }: OnStage, reports: readonly DropReport[]): Promise<void> {
  await partner.become?.("silent");
  const delivery = new AbortController();
  const ended = rejection("deliver", instance.deliver(reports, delivery.signal));
  delivery.abort(new Error("the process is to end"));
  await within("stop", instance.stop?.(signal));
  assert.ok((await ended) !== undefined, "deliver resolved although its partner never answered");
}
