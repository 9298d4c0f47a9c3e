/** The options of sink-webhook, as people write them beside `use:`. Strict: a key that is not here is refused. */
import { z } from "zod";

export const options = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'no URL: write it like "https://drops.example.org/in"' })
    .describe("Where reports are posted"),
  token: z.string().min(1).optional().describe("Sent as a bearer token; not logged, because of its name"),
});

export type WebhookOptions = z.output<typeof options>;
