/** What a user may write under `use: sink-console`, with its defaults. Checked by the core before anything starts. */
import { z } from "zod";

export const options = z.strictObject({
  stream: z.enum(["stdout", "stderr"]).default("stdout").describe("Where the lines go"),
  color: z
    .enum(["auto", "always", "never"])
    .default("auto")
    .describe("auto: on a terminal; FORCE_COLOR and NO_COLOR in the environment decide before that"),
});

export type SinkConsoleOptions = z.output<typeof options>;
