/** What a user may write under `use: sink-jsonl`, with its defaults. Checked by the core before anything starts. */
import { z } from "zod";

export const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(4096)
    .refine((path) => !path.endsWith("/"), "a folder: name a file in it")
    .describe("The file; left out: stdout")
    .optional(),
  format: z
    .enum(["droplens", "gke"])
    .default("droplens")
    .describe("droplens: the names of `droplens parse`; gke: the names of GKE's network policy log"),
  maxBytes: z
    .int()
    .min(4096)
    .max(1024 ** 4)
    .default(100 * 1024 * 1024)
    .describe("The file is rotated before it grows beyond this"),
  keep: z.int().min(0).max(1000).default(5).describe("Rotated files that are kept: PATH.1 is the youngest"),
  sync: z
    .boolean()
    .default(false)
    .describe("Acks only what fdatasync has brought to the disk, so that a power failure loses nothing"),
});

export type SinkJsonlOptions = z.output<typeof options>;
