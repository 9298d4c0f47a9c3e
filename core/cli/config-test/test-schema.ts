/**
 * What may be written in a file of config tests. In: the file's value. Out: the tests, checked. Read by test-file.ts, and
 * by config/generate.ts, which makes the editors' schema of it.
 */
import { z } from "zod";
import { canonicalAddress } from "../../model/address.ts";
import type { Endpoint } from "../../model/endpoint.ts";
import type { PacketDrop, PacketHeader } from "../../model/packet-drop.ts";

const notATime = 'not a time: write it like "2026-11-20T20:00:00Z", with its zone';
const instant = z.iso.datetime({ offset: true, error: notATime });

const address = z
  .string()
  .refine((text) => canonicalAddress(text) !== undefined, "not an IP address: IPv6 needs quotes in YAML");

const workload = z.strictObject({ kind: z.string(), name: z.string() });
const endpointKinds = ["pod", "node", "service", "host", "address"] as const;

/** Who stands behind an address, as a resolver would say it. */
const endpoint = z.strictObject({
  kind: z.enum(endpointKinds),
  name: z.string().optional(),
  displayName: z.string().optional().describe("What people read; left out: the name, else the address"),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  nodeName: z.string().optional(),
  workload: workload.optional(),
  hostNetwork: z.boolean().optional(),
});

/** Left out: not compared. null: the report must not have it. */
const text = z.string().nullish();
const number = z.number().nullish();

const expectedEndpoint = z
  .strictObject({
    kind: z.enum(endpointKinds).optional(),
    address: z.string().optional(),
    displayName: z.string().optional(),
    name: text,
    namespace: text,
    uid: text,
    nodeName: text,
    workload: z.strictObject({ kind: z.string().optional(), name: z.string().optional() }).nullish(),
    hostNetwork: z.boolean().nullish(),
  } satisfies Record<keyof Endpoint, z.ZodType>)
  .optional();

const header = {
  ipVersion: z.union([z.literal(4), z.literal(6)]).optional(),
  sourceAddress: z.string().optional(),
  destinationAddress: z.string().optional(),
  protocol: text,
  sourcePort: number,
  destinationPort: number,
  icmpType: number,
  icmpCode: number,
  tcpFlags: z.array(z.string()).nullish(),
  length: number,
  ttl: number,
  fragmentOffset: number,
} satisfies Record<Exclude<keyof PacketHeader, "embedded">, z.ZodType>;

/** One level is enough: the packet in an ICMP error holds no further one. */
const embedded = z.strictObject(header).nullish();

const expectedReport = z.strictObject({
  time: z.string().optional(),
  host: text,
  logPrefix: text,
  verdict: text,
  policy: text,
  inInterface: text,
  outInterface: text,
  physicalInInterface: text,
  physicalOutInterface: text,
  sourceMac: text,
  destinationMac: text,
  etherType: text,
  mark: text,
  uid: number,
  gid: number,
  ...header,
  embedded,
  source: expectedEndpoint.describe("Who sent it"),
  destination: expectedEndpoint.describe("Who was to get it"),
  count: z.int().min(1).optional().describe("Packets that this report adds"),
  repeat: z.boolean().optional().describe("true for the report that brings the repeats of a flow"),
  firstTime: instant.optional().describe("Time of the first packet among the count"),
  lastTime: instant.optional().describe("Time of the last packet among the count"),
} satisfies Record<
  keyof PacketDrop | "source" | "destination" | "count" | "repeat" | "firstTime" | "lastTime",
  z.ZodType
>);

const reports = z.array(expectedReport).max(10_000);
const counts = z.record(z.string().min(1), z.int().min(0));

const oneTest = z
  .strictObject({
    name: z.string().min(1).max(500).describe("What is true when the test passes"),
    pipeline: z.string().optional().describe("Which pipeline; needed where the config has several"),
    now: instant.optional().describe("When the lines are read. Left out: 2026-01-01T00:00:00Z, and nothing is too old"),
    lines: z
      .union([z.string(), z.array(z.string()).max(10_000)])
      .optional()
      .describe("The log lines that go in: a list, or a block of text"),
    file: z.string().min(1).optional().describe("A log file that goes in instead, relative to this file"),
    resolve: z.record(address, endpoint).default({}).describe("What the resolvers answer, by address"),
    expect: z
      .union([reports, z.record(z.string(), reports)])
      .describe("Every report that comes out, in order: a list for all sinks alike, or lists by the sinks' names"),
    malformed: counts.default({}).describe("Lines that are broken, by reason; left out: none"),
    discarded: counts.default({}).describe("Packets given up before they come to a sink, by reason; left out: none"),
    otherLines: counts.optional().describe("Lines that only look like a drop, by reason; left out: any"),
  })
  .superRefine((test, context) => {
    const issue = (message: string, path: string[]) => context.addIssue({ code: "custom", message, path });
    if (test.lines === undefined && test.file === undefined) issue('give "lines", or a "file" with them', []);
    if (test.lines !== undefined && test.file !== undefined) issue('give "lines" or "file", not both', ["file"]);
  });

export const testFileSchema = z.strictObject({
  config: z
    .string()
    .min(1)
    .optional()
    .describe("The config under test, relative to this file; left out: the one Droplens finds beside this file"),
  environment: z
    .record(z.string(), z.string())
    .default({})
    .describe("The environment variables that the config sees, and no others"),
  tests: z.array(oneTest).min(1, "at least one test is needed").max(1000),
});

export type TestFileContent = z.output<typeof testFileSchema>;
export type ConfigTest = TestFileContent["tests"][number];
export type ExpectedReport = z.output<typeof expectedReport>;
export type ResolveTable = ConfigTest["resolve"];
