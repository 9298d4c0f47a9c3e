/** The options of resolver-dns: what the user writes, with defaults and bounds. Read by index.ts. */
import { z } from "zod";
import { duration } from "../../core/plugin/index.ts";
import { parseServer } from "./name-server.ts";

const server = z.string().refine((text) => parseServer(text) !== undefined, {
  error: 'not a DNS server: write an IP address, with a port if it is not 53: "10.96.0.10", "[fd00::a]:5353"',
});

export const options = z
  .strictObject({
    timeout: duration("1s")
      .refine((millis) => millis >= 10 && millis <= 60_000, "must be between 10ms and 60s")
      .describe("How long one question may take, all servers together"),
    servers: z
      .array(server)
      .min(1)
      .max(8)
      .optional()
      .describe('DNS servers, "address" or "address:port"; left out: those of /etc/resolv.conf'),
    cacheSize: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe("Addresses whose answer is remembered; beyond, the one unused for longest goes"),
    minTtl: duration("10s").describe("An answer is remembered at least this long, whatever its TTL"),
    maxTtl: duration("1h").describe("An answer is remembered at most this long, whatever its TTL"),
    negativeTtl: duration("5m").describe('"No such name" is remembered at most this long'),
    concurrency: z
      .int()
      .min(1)
      .max(256)
      .default(16)
      .describe("Questions under way at once; 16 times as many may wait, further addresses stay without a name"),
  })
  .refine((value) => value.minTtl <= value.maxTtl, { path: ["minTtl"], error: "must not be longer than maxTtl" });

export type ResolverDnsOptions = z.output<typeof options>;
