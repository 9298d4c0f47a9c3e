/** What a user may write under `use: source-stdin`, with its defaults. Checked by the core before anything starts. */
import { z } from "zod";

export const options = z.strictObject({
  maxLineBytes: z
    .int()
    .min(256)
    .max(16 * 1024 * 1024)
    .default(64 * 1024)
    .describe("A longer line is counted and skipped whole"),
});

export type SourceStdinOptions = z.output<typeof options>;
