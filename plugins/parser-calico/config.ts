/** What a user may write under `parser: { use: parser-calico, … }`. */
import { z } from "zod";
import { timeLayoutKey, timeZoneKey, trustKey } from "../../core/netfilter/options.ts";

// projectcalico/calico#11566
const logPrefix = z
  .string()
  .regex(/^[a-zA-Z0-9%: /_-]+$/, "Calico takes letters, digits, spaces and the characters % : / _ - only")
  .refine(
    (text) => !/%[tknp][^%: /_]*%[tknp]/.test(text),
    "put a space or one of : / _ between two specifiers: names hold all other characters",
  )
  .regex(/[^\s:]/, "write FelixConfiguration's logPrefix, or leave it out for Calico's default")
  .max(127, "the kernel cuts prefixes at 127 characters (iptables LOG at 29)");

export const options = z.strictObject({
  logPrefix: z
    .union([logPrefix, z.array(logPrefix).min(1)])
    .default("calico-packet")
    .describe("FelixConfiguration's logPrefix, one or several, with its specifiers: %t %k %n %p"),
  ...timeLayoutKey,
  ...timeZoneKey,
  ...trustKey,
});
