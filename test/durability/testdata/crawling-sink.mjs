/** A sink that takes CRAWL_MILLIS for a report, so that a stop finds its queue full. What it has stored is in its file. */
import { appendFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export default {
  role: "sink",
  name: "sink-crawling",
  apiVersion: 1,
  options: { "~standard": { version: 1, vendor: "droplens", validate: (value) => ({ value }) } },
  create: ({ path, millis }) => ({
    delivery: { maxBatch: 10, capacity: 100_000 },
    async deliver(reports, signal) {
      await sleep(Number(millis) * reports.length, undefined, { signal });
      await appendFile(path, reports.map(({ drop, count }) => `${JSON.stringify({ ...drop, count })}\n`).join(""));
    },
  }),
};
