/** The suite that every parser passes, with lines whose meaning is known. */
import { describe, it } from "node:test";
import { type ParserSubject, parserChecks } from "droplens/testkit";
import plugin from "./index.ts";

const subject: ParserSubject = {
  definition: plugin,
  startPartner: () => ({ options: {} }),
  drops: [
    {
      line: "2026-11-20T19:56:42Z|DENY|10.0.0.7|10.0.0.9|TCP|80",
      drop: { time: "2026-11-20T19:56:42Z", sourceAddress: "10.0.0.7", protocol: "TCP", destinationPort: 80 },
    },
    {
      line: "2026-11-20T19:56:43.250Z|DENY|fd00:0::7|fd00::9|UDP|53",
      drop: { ipVersion: 6, sourceAddress: "fd00::7", destinationAddress: "fd00::9" },
    },
  ],
  otherLines: ["", "|", "2026-11-20T19:56:42Z|ALLOW|10.0.0.7|10.0.0.9|TCP|80"],
  malformed: [
    "yesterday|DENY|10.0.0.7|10.0.0.9|TCP|80",
    "2026-11-20T19:56:42Z|DENY|10.0.0|10.0.0.9|TCP|80",
    "2026-11-20T19:56:42Z|DENY|10.0.0.7|10.0.0.9|TCP|80000",
    "2026-11-20T19:56:42Z|DENY",
  ],
};

describe("parser-piped as a parser", () => {
  for (const { name, run } of parserChecks(subject)) it(name, run);
});
