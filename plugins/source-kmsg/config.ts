/** What a user may write under `use: source-kmsg`, with its defaults. Checked by the core before anything starts. */
import { z } from "zod";
import { duration } from "../../core/plugin/index.ts";

export const options = z.strictObject({
  path: z.string().min(1).default("/dev/kmsg").describe("The kernel's log device, as the container sees it"),
  pollInterval: duration("1s")
    .pipe(z.number().min(20, "at least 20ms"))
    .describe("How long a record may wait at most while the log is quiet; after a record it is looked at every 20ms"),
});

export type SourceKmsgOptions = z.output<typeof options>;
