/**
 * What a user may say about netfilter's lines, whichever parser reads them: the rules' prefixes, the lines' time, whom to
 * believe. Shapes for z.strictObject; read by the parsers' config.ts and by NetfilterParser.
 */
import { z } from "zod";
import { compileLayout } from "./time-layout.ts";
import { isTimeZone } from "./time-zone.ts";

const rulePrefix = z
  .string()
  .regex(/\S/, "write the text that the rule has, or leave `prefix` out for every netfilter line")
  .regex(/^[^\n]*$/, "a rule's prefix cannot hold a line break")
  .max(127, "the kernel cuts prefixes at 127 characters (iptables LOG at 29)");

export const prefixKey = {
  prefix: z
    .union([rulePrefix, z.array(rulePrefix).min(1)])
    .optional()
    .describe(
      "Text of the rules' --log-prefix (nft: log prefix), one or several; without it every netfilter line counts",
    ),
};

export const timeLayoutKey = {
  timeLayout: z
    .string()
    .refine((text) => typeof compileLayout(text) !== "string", {
      error: (issue) => `no usable Go time layout: ${compileLayout(String(issue.input))}`,
    })
    .optional()
    .describe(
      'Go reference layout of the lines\' time, like "2006-01-02T15:04:05.000000-07:00"; without it the time is found by itself',
    ),
};

export const timeZoneKey = {
  timeZone: z
    .string()
    .refine(isTimeZone, 'no time zone: write an IANA name like "Europe/Berlin", or "local"')
    .optional()
    .describe(
      "Zone of times that name none: the node's; an IANA name, or \"local\" (as when it is left out) for the process's own",
    ),
};

export const trustKey = {
  trust: z
    .enum(["kernel", "any"])
    .default("kernel")
    .describe("kernel: lines with another program's tag are not believed; any: they are"),
};
