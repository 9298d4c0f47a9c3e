/**
 * `when` of a sink: which reports it gets. What the user writes, checked and made plain; core/pipeline/selection.ts asks
 * it of each report. One match or a list of them, of which one must fit.
 */
import { z } from "zod";
import type { EndpointKind } from "../model/endpoint.ts";
import { protocolKeyword, protocolNumber } from "../model/protocol.ts";

/** Every key that is there must fit, by one of its values. */
export interface Match {
  readonly namespaces?: readonly string[] | undefined;
  readonly workloads?: readonly string[] | undefined;
  readonly kinds?: readonly EndpointKind[] | undefined;
  readonly source?: EndMatch | undefined;
  readonly destination?: EndMatch | undefined;
  readonly logPrefixes?: readonly string[] | undefined;
  /** As PacketDrop has them. */
  readonly protocols?: readonly string[] | undefined;
  readonly ports?: readonly PortRange[] | undefined;
}

export type EndMatch = Pick<Match, "namespaces" | "workloads" | "kinds">;

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A report fits when `match` does (if there is one) and none of `not` does. */
export interface Condition extends Match {
  readonly not?: readonly Match[] | undefined;
}

/** One of them must fit. */
export type When = readonly Condition[];

const kinds = ["pod", "node", "service", "host", "address"] as const satisfies readonly EndpointKind[];

/** Asked only when nothing else is wrong: an unknown key is no empty match. */
const emptyMatch = {
  error: "an empty match fits everything: name a namespace, a log prefix, a protocol … or leave it out",
  when: ({ issues }: { readonly issues: readonly unknown[] }) => issues.length === 0,
};

const glob = z.string().min(1).max(253).describe("A name; * stands for any part of it");

/** "TCP", "tcp" or 6. */
const protocols = oneOrMore<string>(
  z
    .string()
    .transform((written) => protocolKeyword(known(written)))
    .refine((keyword) => protocolNumber(keyword) < 256, "no protocol: write a keyword such as TCP, UDP or ICMPv6"),
  z
    .int()
    .min(0)
    .max(255)
    .transform((number) => protocolKeyword(number)),
);

const ports = oneOrMore<PortRange>(
  z
    .int()
    .min(0)
    .max(65_535)
    .transform((number) => ({ from: number, to: number })),
  z
    .string()
    .regex(/^\d{1,5}(-\d{1,5})?$/, 'no port: write a number, or a range such as "8000-8999"')
    .transform((text) => {
      const [from = 0, to = from] = text.split("-").map(Number);
      return { from, to };
    })
    .refine(({ from, to }) => from <= to, "no range of ports: write the lower one first")
    .refine(({ to }) => to <= 65_535, "no port: 65535 is the highest"),
);

const end = {
  namespaces: oneOrMore(glob).describe("Namespaces; * stands for any part of a name").optional(),
  workloads: oneOrMore(glob).describe("Names of Deployments and the like, or of bare pods; * as above").optional(),
  kinds: oneOrMore(z.enum(kinds)).describe("What the resolvers found there").optional(),
};

const match = z.strictObject({
  ...end,
  source: z.strictObject(end).refine(saysSomething, emptyMatch).describe("The same of the sending end only").optional(),
  destination: z
    .strictObject(end)
    .refine(saysSomething, emptyMatch)
    .describe("The same of the receiving end only")
    .optional(),
  logPrefixes: oneOrMore(glob).describe("The rules' log prefixes; * stands for any part of one").optional(),
  protocols: protocols.describe("IANA keywords, in any case, or numbers").optional(),
  ports: ports.describe('Destination ports, or ranges such as "8000-8999"').optional(),
});

const condition = z
  .strictObject({
    ...match.shape,
    not: oneOrMore(match.refine(saysSomething, emptyMatch)).describe("Matches of which none may fit").optional(),
  })
  .refine(saysSomething, emptyMatch);

export const whenSchema = oneOrMore(condition);

/** A single value may stand for a list of one. One flat choice, so that a mistake is told of the branch that was meant. */
function oneOrMore<Out>(...items: [z.ZodType<Out>, ...z.ZodType<Out>[]]) {
  const item = items.length === 1 ? items[0] : z.union(items);
  const list = z.array(item).min(1, "an empty list fits nothing: leave the key out").max(1000);
  return z
    .union([...items, list])
    .transform((value): readonly Out[] => (Array.isArray(value) ? value : [value as Out]));
}

function saysSomething(written: object): boolean {
  return Object.values(written).some((value) => value !== undefined);
}

/** The keyword in IANA's own case, whatever the case it was written in. */
function known(text: string): string {
  for (let number = 0; number < 256; number++) {
    const keyword = protocolKeyword(number);
    if (keyword.toLowerCase() === text.toLowerCase()) return keyword;
  }
  return text;
}
