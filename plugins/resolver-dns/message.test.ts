import { Resolver as SystemResolver } from "node:dns/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeAnswer, encodeQuestion, reverseName } from "./message.ts";
import {
  cname,
  DnsServer,
  decodeQuestion,
  labelBytes,
  type MessageParts,
  message,
  nameBytes,
  ptr,
  questionPointer,
  record,
  soa,
} from "./testdata/dns-server.ts";

const question = { id: 4711, name: "7.2.0.192.in-addr.arpa" };
const asked = decodeQuestion(Buffer.from(encodeQuestion(question)));
const decode = (parts: MessageParts) => decodeAnswer(message(asked, parts), question);

test("an IPv4 address is asked for under in-addr.arpa, last byte first", () => {
  expect(reverseName("192.0.2.7")).toBe("7.2.0.192.in-addr.arpa");
});

test("an IPv6 address is asked for under ip6.arpa, last digit first", () => {
  // The example of RFC 3596 section 2.5.
  expect(reverseName("4321:0:1:2:3:4:567:89ab")).toBe(
    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa",
  );
});

test("what is no address has no name to ask for", () => {
  expect(reverseName("192.0.2")).toBeUndefined();
  expect(reverseName("fe80::1%eth0")).toBeUndefined();
});

test("what the tests' own server says is DNS to Node's client too, and both ask for the same name", async () => {
  const alias = "7.0/26.2.0.192.in-addr.arpa";
  const answers = [cname(alias), ptr("host.example", 300, nameBytes(alias))];
  const server = await DnsServer.start((asked) => message(asked, { answers }));
  const system = new SystemResolver();
  system.setServers([server.address]);
  expect(await system.reverse("192.0.2.7")).toEqual(["host.example"]);
  expect(server.asked).toEqual([reverseName("192.0.2.7")]);
  await server.stop();
});

test("a question says its id, its name, PTR and that recursion is desired", () => {
  const bytes = Buffer.from(encodeQuestion(question));
  expect({ id: asked.id, name: asked.name, type: asked.type }).toEqual({ ...question, type: 12 });
  expect(bytes.readUInt16BE(2)).toBe(0x0100);
  expect(bytes.length).toBe(12 + nameBytes(question.name).length + 4);
});

test("all the names are read, with the shortest TTL among them", () => {
  const answers = [ptr("a.example", 300), ptr("b.example", 60)];
  expect(decode({ answers })).toEqual({ kind: "names", names: ["a.example", "b.example"], ttlSeconds: 60 });
});

test("a CNAME of a delegated zone is followed", () => {
  const alias = "7.0/26.2.0.192.in-addr.arpa";
  const answers = [cname(alias, 30), ptr("host.example", 300, nameBytes(alias))];
  expect(decode({ answers })).toEqual({ kind: "names", names: ["host.example"], ttlSeconds: 30 });
});

test("a name of another address is not taken", () => {
  const answers = [ptr("forged.example", 300, nameBytes("8.2.0.192.in-addr.arpa"))];
  expect(decode({ answers })).toEqual({ kind: "no-name", ttlSeconds: undefined });
});

test("the question's name in other letters is the same name", () => {
  const upper = { ...asked, section: Buffer.from(asked.section.toString("latin1").toUpperCase(), "latin1") };
  expect(decodeAnswer(message(upper, { answers: [ptr("a.example")] }), question)?.kind).toBe("names");
});

test("NXDOMAIN and an empty answer are no name, with the zone's own time for that", () => {
  expect(decode({ code: 3, authority: [soa(900, 120)] })).toEqual({ kind: "no-name", ttlSeconds: 120 });
  expect(decode({ code: 0, authority: [soa(60, 120)] })).toEqual({ kind: "no-name", ttlSeconds: 60 });
  expect(decode({ code: 3 })).toEqual({ kind: "no-name", ttlSeconds: undefined });
});

test("SERVFAIL, REFUSED and an answer cut before its first name are the server's errors", () => {
  expect(decode({ code: 2 })).toEqual({ kind: "server-error" });
  expect(decode({ code: 5 })).toEqual({ kind: "server-error" });
  expect(decode({ truncated: true })).toEqual({ kind: "server-error" });
});

test("a TTL with the top bit set is 0", () => {
  expect(decode({ answers: [ptr("a.example", -1)] })).toMatchObject({ ttlSeconds: 0 });
});

test("a dot within a label is not taken for the end of the label", () => {
  const data = Buffer.concat([labelBytes(Buffer.from("bank.com")), nameBytes("example")]);
  expect(decode({ answers: [record(12, 60, data)] })).toMatchObject({ names: ["bank\\.com.example"] });
});

test("an answer with another id, to another question, or that is a question, is none", () => {
  expect(decode({ id: 4712, answers: [ptr("a.example")] })).toBeUndefined();
  const other = decodeQuestion(Buffer.from(encodeQuestion({ id: 4711, name: "8.2.0.192.in-addr.arpa" })));
  expect(decodeAnswer(message(other, { answers: [ptr("a.example")] }), question)).toBeUndefined();
  expect(decodeAnswer(Buffer.from(encodeQuestion(question)), question)).toBeUndefined();
});

test("a name that points at itself, ahead, or in a ring is broken, and reading it ends", () => {
  const recordStart = 12 + asked.section.length;
  const dataStart = recordStart + 12;
  const pointer = (to: number) => Buffer.from([0xc0 | (to >> 8), to & 0xff]);
  expect(decode({ answers: [record(12, 60, pointer(dataStart))] })).toBeUndefined();
  expect(decode({ answers: [record(12, 60, pointer(dataStart + 2))] })).toBeUndefined();
  const ring = Buffer.concat([pointer(dataStart + 2), pointer(dataStart)]);
  expect(decode({ answers: [record(12, 60, ring)] })).toBeUndefined();
});

test("a name longer than 255 bytes is broken", () => {
  const label = labelBytes(Buffer.from("a".repeat(63)));
  const longest = Buffer.concat([label, label, label, labelBytes(Buffer.from("b".repeat(61))), Buffer.from([0])]);
  expect(decode({ answers: [record(12, 60, longest)] })?.kind).toBe("names");
  const tooLong = Buffer.concat([label, label, label, labelBytes(Buffer.from("b".repeat(62))), Buffer.from([0])]);
  expect(decode({ answers: [record(12, 60, tooLong)] })).toBeUndefined();
});

test("an answer cut anywhere is broken, never an error", () => {
  const whole = message(asked, { answers: [ptr("a.example", 60, questionPointer)] });
  for (let end = 0; end < whole.length; end++) {
    expect(decodeAnswer(whole.subarray(0, end), question)).toBeUndefined();
  }
});

test("random bytes, and random bytes behind a good header, never throw", () => {
  const start = message(asked, { answers: [ptr("a.example")] }).subarray(0, 12 + asked.section.length);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (random) => {
      decodeAnswer(Buffer.from(random), question);
      const answer = decodeAnswer(Buffer.concat([start, random]), question);
      expect(["names", "no-name", undefined]).toContain(answer?.kind);
    }),
    { numRuns: 2000 },
  );
});
