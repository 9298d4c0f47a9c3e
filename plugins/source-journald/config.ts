/** What a user may write under `use: source-journald`, with its defaults. Checked by the core before anything starts. */
import { z } from "zod";
import { duration } from "../../core/plugin/index.ts";

export const options = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The journal's folder, as the container sees it: /var/log/journal, or /run/log/journal where it is volatile",
    ),
  since: duration("1h").describe("Without a checkpoint: how far back the journal is read"),
  command: z
    .array(z.string().min(1))
    .min(1)
    .default(["journalctl"])
    .describe("The program that reads the journal, and words before its options: [chroot, /host, journalctl]"),
});

export type SourceJournaldOptions = z.output<typeof options>;
