/** The plugin's declaration: netfilter's lines, as ulogd hands them on. */
import { namedPrefixes } from "../../core/netfilter/named-prefixes.ts";
import { NetfilterParser } from "../../core/netfilter/netfilter-parser.ts";
import { definePlugin } from "../../core/plugin/index.ts";
import { options } from "./config.ts";
import { JsonRecordReader } from "./json-record.ts";
import { SamePacket } from "./same-packet.ts";

const remedy = 'Set "prefix" to what the rule\'s --nflog-prefix says';

export const parserUlogd = definePlugin({
  role: "parser",
  name: "parser-ulogd",
  apiVersion: 1,
  options,
  create: ({ prefix, timeZone }, context) => {
    const named = namedPrefixes(prefix, remedy);
    const same = new SamePacket();
    return new NetfilterParser(
      {
        ...named,
        timeZone,
        trust: "kernel",
        relay: {
          tag: /ulogd(?:\[\d+\])?: ?/y,
          objectNeedle: '"oob.',
          objectReader: (clock) => {
            const reader = new JsonRecordReader(clock, named.prefixes, context.logger);
            return (text, now) => reader.read(text, now);
          },
          isSamePacket: (found) => same.tellsAgain(found),
        },
      },
      context,
    );
  },
});

export default parserUlogd;
