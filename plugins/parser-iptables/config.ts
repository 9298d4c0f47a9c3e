/** What a user may write under `parser: { use: parser-iptables, … }`. */
import { z } from "zod";
import { prefixKey, timeLayoutKey, timeZoneKey, trustKey } from "../../core/netfilter/options.ts";

export const options = z.strictObject({ ...prefixKey, ...timeLayoutKey, ...timeZoneKey, ...trustKey });

export type Options = z.output<typeof options>;
