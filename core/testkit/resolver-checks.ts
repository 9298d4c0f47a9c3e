/** The behaviour of a resolver, as core/plugin/resolver.ts promises it: in comes a subject, out come checks for any runner. */
import assert from "node:assert/strict";
import type { Endpoint, EndpointKind } from "../model/endpoint.ts";
import { printable } from "../model/printable.ts";
import type { AddressQuery, Resolver } from "../plugin/resolver.ts";
import type { Check, Partner, Subject } from "./check.ts";
import { lifecycleChecks, whenPossible } from "./lifecycle-checks.ts";
import { type Staged, started } from "./stage.ts";
import { rejection, within } from "./within.ts";

/** A resolver, and how to make what it asks. */
export interface ResolverSubject extends Subject<"resolver", ResolverPartner> {}

/** What a resolver asks: a server, a table. */
export interface ResolverPartner extends Partner {
  /** An address that it knows, with what is to be answered at least. */
  readonly known: { readonly query: AddressQuery; readonly endpoint: Partial<Endpoint> };
  /** An address that it does not know. */
  readonly unknown: AddressQuery;
}

type OnStage = Staged<"resolver", ResolverPartner>;

/** @example for (const { name, run } of resolverChecks({ definition, startPartner: startServer })) it(name, run); */
export function resolverChecks(subject: ResolverSubject): readonly Check[] {
  const check = (name: string, act: (stage: OnStage) => Promise<void>): Check => ({
    name,
    run: () => started(subject, act),
  });
  return [
    ...lifecycleChecks(subject, "resolver"),
    check("knows who is known", knows),
    check("gives the same answer again", knowsAgain),
    check("passes on who is unknown", passesOn),
    check("passes on what is no address", passesOnNonsense),
    check("answers nobody once it is aborted, and does not hang", abortedBefore),
    check("does not hang after its stop", afterStop),
    ...whenPossible(subject, "unavailable", [check("does not hang when its partner is not there", withoutPartner)]),
    ...whenPossible(subject, "silent", [
      check("gives up a question that is aborted while its partner is silent", abortedWhileSilent),
      check("lets only so many questions wait while its partner is silent", boundsQuestions),
    ]),
  ];
}

const kinds: readonly EndpointKind[] = ["pod", "node", "service", "host", "address"];

function ask(resolver: Resolver, query: AddressQuery, signal: AbortSignal): Promise<Endpoint | undefined> {
  return within(`resolve ${query.address}`, resolver.resolve(query, signal));
}

async function knows({ instance, partner, signal }: OnStage): Promise<void> {
  const { query, endpoint: expected } = partner.known;
  const answer = await ask(instance, query, signal);
  assert.ok(answer !== undefined, `no answer for ${query.address}`);
  assertProper(answer, query);
  for (const [field, value] of Object.entries(expected)) {
    assert.deepEqual(Object.entries(answer).find(([name]) => name === field)?.[1], value, field);
  }
}

function assertProper(endpoint: Endpoint, query: AddressQuery): void {
  assert.ok(kinds.includes(endpoint.kind), `no kind of endpoint: ${endpoint.kind}`);
  assert.equal(endpoint.address, query.address);
  assert.ok(endpoint.displayName.length > 0, "displayName is what people read");
  for (const [field, value] of Object.entries(endpoint)) {
    if (typeof value === "string") assert.equal(printable(value), value, `${field} is to be cleaned by printable`);
  }
}

async function knowsAgain({ instance, partner, signal }: OnStage): Promise<void> {
  const first = await ask(instance, partner.known.query, signal);
  assert.deepEqual(await ask(instance, partner.known.query, signal), first);
}

async function passesOn({ instance, partner, signal }: OnStage): Promise<void> {
  assert.equal(await ask(instance, partner.unknown, signal), undefined);
}

async function passesOnNonsense({ instance, partner, signal }: OnStage): Promise<void> {
  for (const address of ["", "not-an-address", "300.1.2.3", "::1%eth0", "a".repeat(10_000)]) {
    assert.equal(await ask(instance, { ...partner.unknown, address }, signal), undefined, address.slice(0, 40));
  }
}

async function abortedBefore({ instance, partner }: OnStage): Promise<void> {
  const signal = AbortSignal.abort(new Error("the process is to end"));
  for (const query of [partner.known.query, partner.unknown]) {
    await rejection("resolve", (async () => instance.resolve(query, signal))());
  }
}

async function afterStop({ instance, partner, signal }: OnStage): Promise<void> {
  await within("stop", instance.stop?.(signal));
  await rejection("resolve", (async () => instance.resolve(partner.unknown, signal))());
}

async function withoutPartner({ instance, partner, signal }: OnStage): Promise<void> {
  await partner.become?.("unavailable");
  const never = { ...partner.unknown, address: "198.51.100.200" };
  await rejection("resolve", (async () => instance.resolve(never, signal))());
}

async function abortedWhileSilent({ instance, partner }: OnStage): Promise<void> {
  await partner.become?.("silent");
  const asking = new AbortController();
  const answer = rejection("resolve", (async () => instance.resolve(partner.unknown, asking.signal))());
  asking.abort(new Error("the process is to end"));
  await answer;
}

const manyQuestions = 20_000;

async function boundsQuestions({ instance, partner }: OnStage): Promise<void> {
  await partner.become?.("silent");
  const asking = new AbortController();
  const waiting = new Set<Promise<unknown>>();
  for (let i = 0; i < manyQuestions; i++) {
    const address = `198.18.${i >>> 8}.${i & 255}`;
    const answer = instance.resolve({ ...partner.unknown, address }, asking.signal);
    if (answer !== undefined && "then" in answer) waiting.add(answer);
  }
  const all = [...waiting].map((answer) => answer.catch(() => undefined).finally(() => waiting.delete(answer)));
  await new Promise((resolve) => setImmediate(resolve));
  const left = waiting.size;
  asking.abort(new Error("the process is to end"));
  await within("all questions", Promise.all(all));
  assert.ok(left < manyQuestions, `all of ${manyQuestions} questions wait: answer undefined at once beyond a bound`);
}
