/** A whole plugin in one file. What it imports comes with the program: nothing is installed, nothing is built. */
import { definePlugin, RetryableError } from "droplens/plugin";
import { z } from "zod";

export default definePlugin({
  role: "sink",
  name: "sink-one-file",
  version: "1.0.0",
  apiVersion: 1,
  options: z.strictObject({ url: z.url().describe("Where reports are posted") }),
  create: ({ url }) => ({
    async deliver(reports, signal) {
      const drops = reports.map(({ drop, source, destination, count }) => ({
        time: drop.time,
        from: source.displayName,
        to: destination.displayName,
        count,
      }));
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ drops }), signal }).catch((cause) => {
        throw new RetryableError("UNREACHABLE", `cannot reach ${url}`, { cause });
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      const answered = `${url} answered ${response.status}`;
      if (response.status === 429 || response.status >= 500) throw new RetryableError("BUSY", answered);
      throw new Error(`${answered}: check the url`);
    },
  }),
});
