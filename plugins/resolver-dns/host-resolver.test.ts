import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import type { Endpoint } from "../../core/plugin/index.ts";
import { FakeClock, settle } from "../../core/testkit/fake-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { options } from "./config.ts";
import { HostResolver } from "./host-resolver.ts";
import { resolverDns } from "./index.ts";
import { askedAddress, DnsServer, labelBytes, message, ptr, type Reply, record, soa } from "./testdata/dns-server.ts";

const never = new AbortController().signal;
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const hostOf: Reply = (question) =>
  message(question, { answers: [ptr(`host-${askedAddress(question).replaceAll(".", "-")}.example.`.slice(0, -1))] });
const silence: Reply = () => undefined;

async function dnsServer(reply: Reply): Promise<DnsServer> {
  const server = await DnsServer.start(reply);
  cleanups.push(() => server.stop());
  return server;
}

async function resolverFor(reply: Reply, written: Record<string, unknown> = {}) {
  const server = await dnsServer(reply);
  return { server, ...withServers([server.address], written) };
}

function withServers(servers: string[], written: Record<string, unknown> = {}) {
  const context = testContext({ clock: new FakeClock() });
  const resolver = new HostResolver(options.parse({ servers, ...written }), context);
  cleanups.push(() => resolver.stop());
  const { signal } = new AbortController();
  const resolve = (address: string) => resolver.resolve({ address, timeMillis: context.clock.now() }, signal);
  const lookups = (outcome: string) => context.metrics.value("droplens_dns_lookups_total", { outcome });
  return { context, clock: context.clock, resolver, resolve, lookups };
}

function host(address: string, name: string): Endpoint {
  return { kind: "host", address, displayName: name, name };
}

/** Makes the servers count as silent: eight questions without an answer. */
async function fallSilent(made: Awaited<ReturnType<typeof resolverFor>>): Promise<void> {
  const before = made.server.asked.length;
  const answers = Array.from({ length: 8 }, (_, i) => made.resolve(`198.51.100.${i}`));
  await made.server.received(before + 8);
  await made.clock.advance(500);
  await made.server.received(before + 16);
  await made.clock.advance(500);
  expect(await Promise.all(answers)).toEqual(new Array(8).fill(undefined));
}

test("an address gets the host name that DNS has for it", async () => {
  const { resolve, lookups } = await resolverFor(hostOf);
  expect(await resolve("192.0.2.7")).toEqual(host("192.0.2.7", "host-192-0-2-7.example"));
  expect(lookups("answered")).toBe(1);
});

test("an IPv6 address gets its host name", async () => {
  const { server, resolve } = await resolverFor((question) => message(question, { answers: [ptr("six.example")] }));
  expect(await resolve("2001:db8::7")).toEqual(host("2001:db8::7", "six.example"));
  expect(server.asked).toEqual([`7${".0".repeat(23)}.8.b.d.0.1.0.0.2.ip6.arpa`]);
});

test("a second question is answered at once, without a promise and without DNS", async () => {
  const { server, resolve, lookups } = await resolverFor(hostOf);
  await resolve("192.0.2.7");
  expect(resolve("192.0.2.7")).toEqual(host("192.0.2.7", "host-192-0-2-7.example"));
  expect(server.asked).toHaveLength(1);
  expect(lookups("cached")).toBe(1);
});

test("a name is remembered for its TTL, then asked for again", async () => {
  const { server, clock, resolve } = await resolverFor((question) => message(question, { answers: [ptr("a.b", 120)] }));
  await resolve("192.0.2.7");
  await clock.advance(119_999);
  expect(resolve("192.0.2.7")).toEqual(host("192.0.2.7", "a.b"));
  await clock.advance(1);
  expect(await resolve("192.0.2.7")).toEqual(host("192.0.2.7", "a.b"));
  expect(server.asked).toHaveLength(2);
});

const lifetimes = [
  { name: "a TTL below minTtl counts as minTtl", ttlSeconds: 0, millis: 10_000 },
  { name: "a TTL above maxTtl counts as maxTtl", ttlSeconds: 2 ** 31 - 1, millis: 3_600_000 },
];

for (const row of lifetimes) {
  test(row.name, async () => {
    const made = await resolverFor((question) => message(question, { answers: [ptr("a.example", row.ttlSeconds)] }));
    await made.resolve("192.0.2.7");
    await made.clock.advance(row.millis - 1);
    expect(made.resolve("192.0.2.7")).not.toBeInstanceOf(Promise);
    await made.clock.advance(1);
    await made.resolve("192.0.2.7");
    expect(made.server.asked).toHaveLength(2);
  });
}

const unknowns = [
  { name: "NXDOMAIN for the time its zone says", authority: [soa(900, 60)], millis: 60_000 },
  { name: "NXDOMAIN of a zone that says nothing for negativeTtl", authority: [], millis: 300_000 },
  { name: "NXDOMAIN at most for negativeTtl", authority: [soa(86_400, 86_400)], millis: 300_000 },
];

for (const row of unknowns) {
  test(`remembers ${row.name}`, async () => {
    const made = await resolverFor((question) => message(question, { code: 3, authority: row.authority }));
    expect(await made.resolve("192.0.2.7")).toBeUndefined();
    await made.clock.advance(row.millis - 1);
    expect(made.resolve("192.0.2.7")).toBeUndefined();
    await made.clock.advance(1);
    expect(made.resolve("192.0.2.7")).toBeInstanceOf(Promise);
    expect([made.lookups("no_name"), made.lookups("cached")]).toEqual([1, 1]);
  });
}

test("a failing server's word is remembered for 30 seconds, and a single server is not asked twice", async () => {
  const { server, clock, resolve, lookups } = await resolverFor((question) => message(question, { code: 2 }));
  expect(await resolve("192.0.2.7")).toBeUndefined();
  await clock.advance(29_999);
  expect(resolve("192.0.2.7")).toBeUndefined();
  expect(server.asked).toHaveLength(1);
  expect([lookups("server_error"), lookups("cached")]).toEqual([1, 1]);
});

test("no answer is given up after the timeout, having asked twice", async () => {
  const { server, clock, resolve, lookups } = await resolverFor(silence, { timeout: "2s" });
  const answer = resolve("192.0.2.7");
  await server.received(1);
  await clock.advance(1000);
  await server.received(2);
  await clock.advance(999);
  expect(lookups("timeout")).toBe(0);
  await clock.advance(1);
  expect(await answer).toBeUndefined();
  expect(lookups("timeout")).toBe(1);
});

test("garbage bytes are not an answer; the right one behind them is", async () => {
  const { resolve } = await resolverFor((question) => [
    Buffer.from("garbage"),
    Buffer.alloc(0),
    Buffer.alloc(8192, 0xff),
    message(question, { id: (question.id + 1) & 0xffff, answers: [ptr("forged.example")] }),
    message(question, { answers: [ptr("real.example")] }),
  ]);
  expect(await resolve("192.0.2.7")).toEqual(host("192.0.2.7", "real.example"));
});

test("nothing but garbage counts as malformed after the timeout", async () => {
  const { server, clock, resolve, lookups } = await resolverFor(() => Buffer.from("garbage"));
  const answer = resolve("192.0.2.7");
  for (const sent of [1, 2]) {
    await server.received(sent);
    await settle();
    await clock.advance(500);
  }
  expect(await answer).toBeUndefined();
  expect(lookups("malformed")).toBe(1);
});

const labels = (...texts: string[]) =>
  Buffer.concat([...texts.map((text) => labelBytes(Buffer.from(text))), Buffer.from([0])]);

const strangeNames = [
  { name: "control characters", data: labels("a\u001b[2J\r\nb") },
  { name: "bidirectional overrides", data: labels("a\u202eb") },
  { name: "an address for a name", data: labels("10", "0", "0", "1") },
  { name: "the root", data: labels() },
];

for (const row of strangeNames) {
  test(`${row.name} never becomes a host name, and is counted`, async () => {
    const made = await resolverFor((question) => message(question, { answers: [record(12, 60, row.data)] }));
    expect(await made.resolve("192.0.2.7")).toBeUndefined();
    expect(made.lookups("bad_name")).toBe(1);
  });
}

test("a name longer than DNS allows is not an answer; the right one behind it is", async () => {
  const huge = labels(...new Array<string>(900).fill("a".repeat(63)));
  const { resolve } = await resolverFor((question) => [
    message(question, { answers: [record(12, 60, huge)] }),
    message(question, { answers: [ptr("real.example")] }),
  ]);
  expect(await resolve("192.0.2.7")).toEqual(host("192.0.2.7", "real.example"));
});

test("a name unfit to show is counted, and the fit one beside it is taken", async () => {
  const bad = record(12, 60, Buffer.concat([labelBytes(Buffer.from("a b")), Buffer.from([0])]));
  const replies = [[bad], [bad, ptr("good.example")]];
  const { resolve, lookups } = await resolverFor((question) => message(question, { answers: replies.shift() ?? [] }));
  expect(await resolve("192.0.2.7")).toBeUndefined();
  expect(lookups("bad_name")).toBe(1);
  expect(await resolve("192.0.2.8")).toEqual(host("192.0.2.8", "good.example"));
});

test("identical questions share one query", async () => {
  const { server, resolve, lookups } = await resolverFor(silence);
  const answers = [resolve("192.0.2.7"), resolve("192.0.2.7"), resolve("192.0.2.7")];
  await server.received(1);
  server.reply = hostOf;
  server.answerHeld();
  const expected = host("192.0.2.7", "host-192-0-2-7.example");
  expect(await Promise.all(answers)).toEqual([expected, expected, expected]);
  expect(server.asked).toHaveLength(1);
  expect([lookups("answered"), lookups("shared")]).toEqual([1, 2]);
});

test("no more than `concurrency` questions are under way, 16 times as many wait, the rest is turned away at once", async () => {
  const { server, resolver, resolve, lookups } = await resolverFor(silence, { concurrency: 2 });
  const answers = Array.from({ length: 40 }, (_, i) => resolve(`192.0.2.${i}`));
  expect(answers.filter((answer) => answer === undefined)).toHaveLength(40 - 2 - 32);
  expect(lookups("overloaded")).toBe(6);
  expect(resolver.status()).toMatchObject({ waiting: 32 });
  await server.received(2);
  await settle();
  expect(server.asked).toHaveLength(2);
  server.reply = hostOf;
  server.answerHeld();
  const names = await Promise.all(answers.slice(0, 34));
  expect(names.map((endpoint) => endpoint?.address)).toEqual(Array.from({ length: 34 }, (_, i) => `192.0.2.${i}`));
});

test("who has waited as long as a question may take is turned away", async () => {
  const { server, clock, resolve, lookups } = await resolverFor(silence, { concurrency: 1 });
  const first = resolve("192.0.2.1");
  const second = resolve("192.0.2.2");
  await server.received(1);
  await clock.advance(500);
  await server.received(2);
  await clock.advance(500);
  expect(await Promise.all([first, second])).toEqual([undefined, undefined]);
  expect([lookups("timeout"), lookups("overloaded")]).toEqual([1, 1]);
});

test("10,000 different addresses are all answered or counted, in bounded memory", async () => {
  const { server, resolver, resolve, context } = await resolverFor(hostOf, { cacheSize: 500 });
  const waiting: Promise<Endpoint | undefined>[] = [];
  for (let i = 0; i < 10_000; i++) {
    const answer = resolve(`10.0.${i >> 8}.${i & 255}`);
    if (answer instanceof Promise) waiting.push(answer);
    if (waiting.length === 272) await Promise.all(waiting.splice(0));
  }
  await Promise.all(waiting);
  const total = ["answered", "overloaded", "timeout", "cached", "shared"];
  const counted = total.map((outcome) => context.metrics.value("droplens_dns_lookups_total", { outcome }));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  expect(server.asked.length).toBe(10_000);
  expect(resolver.status()).toMatchObject({ cached: 500, waiting: 0 });
});

test("the next server is asked when the first is silent, and comes first from then on", async () => {
  const dead = await dnsServer(silence);
  const alive = await dnsServer(hostOf);
  const { clock, resolve } = withServers([dead.address, alive.address]);
  const first = resolve("192.0.2.1");
  await dead.received(1);
  await clock.advance(500);
  expect(await first).toEqual(host("192.0.2.1", "host-192-0-2-1.example"));
  expect(await resolve("192.0.2.2")).toEqual(host("192.0.2.2", "host-192-0-2-2.example"));
  expect([dead.asked.length, alive.asked.length]).toEqual([1, 2]);
});

test("the next server is asked at once when the first refuses", async () => {
  const refusing = await dnsServer((question) => message(question, { code: 5 }));
  const alive = await dnsServer(hostOf);
  const { resolve } = withServers([refusing.address, alive.address]);
  expect(await resolve("192.0.2.1")).toEqual(host("192.0.2.1", "host-192-0-2-1.example"));
});

test("a port where nobody listens counts as unreachable, without waiting for the timeout", async () => {
  const { resolve, lookups } = withServers([await closedPort()]);
  expect(await resolve("192.0.2.1")).toBeUndefined();
  expect(lookups("unreachable")).toBe(1);
});

test("while the servers are silent every new address is unknown at once, remembered names stay, one warning says so", async () => {
  const made = await resolverFor(hostOf);
  await made.resolve("192.0.2.7");
  made.server.reply = silence;
  await fallSilent(made);
  expect(made.resolve("192.0.2.8")).toBeUndefined();
  expect(made.lookups("silent")).toBe(1);
  expect(made.resolve("192.0.2.7")).toEqual(host("192.0.2.7", "host-192-0-2-7.example"));
  expect(made.resolver.status()).toMatchObject({ silent: true });
  expect(made.context.logger.messages("warn")).toHaveLength(1);
});

test("who waits when the servers fall silent is answered at once", async () => {
  const made = await resolverFor(silence, { concurrency: 8 });
  const answers = Array.from({ length: 20 }, (_, i) => made.resolve(`198.51.100.${i}`));
  await made.server.received(8);
  await made.clock.advance(500);
  await made.server.received(16);
  await made.clock.advance(500);
  expect(await Promise.all(answers)).toEqual(new Array(20).fill(undefined));
  expect(made.server.asked).toHaveLength(16);
  expect([made.lookups("timeout"), made.lookups("silent") + made.lookups("overloaded")]).toEqual([8, 12]);
});

test("the address asked for last is the probe, and its answer ends the silence by itself", async () => {
  const made = await resolverFor(silence);
  await fallSilent(made);
  made.resolve("192.0.2.8");
  made.server.reply = hostOf;
  await made.clock.advance(1000);
  await made.server.received(17);
  await eventually(() => made.resolver.status().silent === false);
  expect(made.server.asked.at(-1)).toBe("8.2.0.192.in-addr.arpa");
  expect(made.resolve("192.0.2.8")).toEqual(host("192.0.2.8", "host-192-0-2-8.example"));
  expect(await made.resolve("192.0.2.9")).toEqual(host("192.0.2.9", "host-192-0-2-9.example"));
  expect(made.context.logger.messages("info")).toHaveLength(1);
});

test("probes get rarer while the silence lasts, down to one in 30 seconds", async () => {
  const made = await resolverFor(silence);
  await fallSilent(made);
  made.server.asked.length = 0;
  for (let i = 0; i < 600; i++) await made.clock.advance(1000);
  // Pauses of 1, 2, 4, 8, 16, then 30 s, each probe asking twice within its second.
  expect(made.server.asked.length).toBeGreaterThan(20);
  expect(made.server.asked.length).toBeLessThanOrEqual(2 * 25);
});

test("one answer among failures keeps the servers from counting as silent", async () => {
  const made = await resolverFor(silence);
  for (let round = 0; round < 2; round++) {
    const answers = Array.from({ length: 7 }, (_, i) => made.resolve(`198.51.100.${10 * round + i}`));
    await made.server.received(round * 15 + 7);
    await made.clock.advance(500);
    await made.server.received(round * 15 + 14);
    await made.clock.advance(500);
    await Promise.all(answers);
    made.server.reply = hostOf;
    await made.resolve(`192.0.2.${round}`);
    made.server.reply = silence;
  }
  expect(made.resolver.status()).toMatchObject({ silent: false });
});

test("stop ends what is under way and what waits, twice and before any question too", async () => {
  const made = await resolverFor(silence, { concurrency: 1 });
  const answers = [made.resolve("192.0.2.1"), made.resolve("192.0.2.2")];
  await made.server.received(1);
  await made.resolver.stop();
  await made.resolver.stop();
  expect(await Promise.all(answers)).toEqual([undefined, undefined]);
  expect(made.lookups("stopped")).toBe(2);
  expect(made.resolve("192.0.2.3")).toBeUndefined();
  expect(made.clock.sleeping).toBe(0);
});

test("stop right after the question, before its socket is connected, leaves nothing behind", async () => {
  const made = await resolverFor(silence);
  const answer = made.resolve("192.0.2.1");
  await made.resolver.stop();
  expect(await answer).toBeUndefined();
  expect(made.server.asked).toEqual([]);
});

test("stop during silence ends the probing", async () => {
  const made = await resolverFor(silence);
  await fallSilent(made);
  await made.resolver.stop();
  expect(made.clock.sleeping).toBe(0);
});

test("the check asks each server and says which one does not answer", async () => {
  const server = await dnsServer((question) => message(question, { code: 3 }));
  const closed = await closedPort();
  const { resolver } = withServers([server.address, closed]);
  const [alive, dead] = await resolver.check(never);
  expect(alive).toEqual({ ok: true, what: `ask the DNS server ${server.address}` });
  expect(dead).toMatchObject({ ok: false, what: `ask the DNS server ${closed}` });
  expect(dead?.problem).toMatch(/unreachable.*resolv\.conf/);
});

test("without `servers` those of the system are asked", () => {
  const context = testContext();
  const resolver = resolverDns.create(options.parse({}), context);
  expect(String(resolver.status?.().servers)).toMatch(/:\d+/);
});

const refused = [
  { name: "a server's name instead of its address", written: { servers: ["dns.example:53"] }, path: "servers.0" },
  { name: "a port out of range", written: { servers: ["192.0.2.1:70000"] }, path: "servers.0" },
  { name: "an empty list of servers", written: { servers: [] }, path: "servers" },
  { name: "a timeout without its unit", written: { timeout: 1000 }, path: "timeout" },
  { name: "a timeout of nothing", written: { timeout: "0s" }, path: "timeout" },
  { name: "a minTtl above maxTtl", written: { minTtl: "2h" }, path: "minTtl" },
  { name: "an unknown key", written: { tiemout: "1s" }, path: "" },
];

for (const row of refused) {
  test(`the options refuse ${row.name}`, () => {
    const issues = options.safeParse(row.written).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join("."))).toEqual([row.path]);
  });
}

test("the options take servers of both families, with and without a port", () => {
  const servers = ["192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"];
  expect(options.parse({ servers }).servers).toEqual(servers);
});

async function closedPort(): Promise<string> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return `127.0.0.1:${port}`;
}

/** Waits for what real sockets bring, up to a second. */
async function eventually(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isSo()).toBe(true);
}
