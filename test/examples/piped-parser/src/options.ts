/** The options of parser-piped, as people write them beside `use:`. Strict: a key that is not here is refused. */
import { z } from "zod";

export const options = z.strictObject({
  verdict: z.string().min(1).default("DENY").describe("Which verdict is a drop"),
});

export type PipedOptions = z.output<typeof options>;
