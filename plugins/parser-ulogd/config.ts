/** What a user may write under `parser: { use: parser-ulogd, … }`. */
import { z } from "zod";
import { prefixKey, timeZoneKey } from "../../core/netfilter/options.ts";

export const options = z.strictObject({ ...prefixKey, ...timeZoneKey });
