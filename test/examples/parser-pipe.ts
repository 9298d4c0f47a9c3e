import { z } from "zod";
import { definePlugin } from "../../core/plugin/index.ts"; // "droplens/plugin" in a package of your own

const options = z.strictObject({ verdict: z.string().default("DENY").describe("Which verdict is a drop") });

/** Reads `2026-11-20T19:56:42Z|DENY|10.0.0.7|10.0.0.9|TCP|80`. */
export default definePlugin({
  role: "parser",
  name: "parser-pipe",
  apiVersion: 1,
  options,
  create: ({ verdict }) => ({
    parseLine(line) {
      const [time = "", said, sourceAddress = "", destinationAddress = "", protocol = "", port] = line.split("|");
      if (said !== verdict) return { kind: "other-line" };
      if (Number.isNaN(Date.parse(time))) return { kind: "malformed", reason: "time" };
      const destinationPort = Number(port);
      return {
        kind: "drop",
        drop: { time, ipVersion: 4, sourceAddress, destinationAddress, protocol, destinationPort },
      };
    },
  }),
});
