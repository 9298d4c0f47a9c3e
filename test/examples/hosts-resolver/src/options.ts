/** The options of resolver-hosts, as people write them beside `use:`. Strict: a key that is not here is refused. */
import { canonicalAddress } from "droplens/plugin";
import { z } from "zod";

const address = z.string().refine((text) => canonicalAddress(text) !== undefined, "no IP address");

export const options = z.strictObject({
  names: z.record(address, z.string().min(1)).describe("Address: name"),
});

export type HostsOptions = z.output<typeof options>;
