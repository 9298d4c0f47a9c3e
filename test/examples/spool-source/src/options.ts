/** The options of source-spool, as people write them beside `use:`. Strict: a key that is not here is refused. */
import { duration } from "droplens/plugin";
import { z } from "zod";

export const options = z.strictObject({
  path: z.string().min(1).describe("The file"),
  pollInterval: duration("1s").describe("How often to look whether there is more"),
});

export type SpoolOptions = z.output<typeof options>;
