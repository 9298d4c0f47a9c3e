/** What a user may write under `use: source-file`, with its defaults. Checked by the core before anything starts. */
import { z } from "zod";
import { duration } from "../../core/plugin/index.ts";

const oneMebibyte = 1024 * 1024;

export const options = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .transform((path) => (typeof path === "string" ? [path] : path))
    .describe("The log file, or several; * and ? stand for parts of a name, ** for folders"),
  pollInterval: duration("5s")
    .pipe(z.number().min(1, "at least 1ms"))
    .describe("How often files are looked at when no file event says that something changed"),
  maxLineBytes: z
    .int()
    .min(256)
    .max(16 * oneMebibyte)
    .default(64 * 1024)
    .describe("A longer line is counted and skipped whole"),
  fingerprintBytes: z
    .int()
    .min(16)
    .max(64 * 1024)
    .default(1024)
    .describe("How many first bytes of a file tell it from another one"),
  readBytes: z
    .int()
    .min(4096)
    .max(16 * oneMebibyte)
    // What is read at once is scanned at once: a chunk of the worst lines that a stranger can write takes 20 ms.
    .default(128 * 1024)
    .describe("How much is read at once, at most"),
  until: z
    .enum(["forever", "end"])
    .default("forever")
    .describe('"end" reads each file once from its beginning to its end, in the order given, and then stops'),
});

export type SourceFileOptions = z.output<typeof options>;
