/**
 * The places of all files as they go to disk with a chunk (`resume`) and come back at the next start.
 * What comes back is not trusted: anything that makes no sense is refused as a whole, with the reason.
 */
import { z } from "zod";
import type { JsonValue } from "../../core/plugin/index.ts";

const count = z.int().min(0);

const savedFile = z.object({
  /** The path it is read for: the one in the config, or a match of its glob. */
  path: z.string().min(1).max(4096),
  /** Where the file itself was when it was last opened, symbolic links resolved. */
  realPath: z.string().min(1).max(4096),
  /** As text: inode numbers may exceed what a JSON number holds exactly. */
  device: z.string().max(24),
  inode: z.string().max(24),
  fingerprint: z.object({ length: count.max(64 * 1024), hash: z.string().max(64) }),
  offset: count,
  /** The offset lies within a line that is too long: whatever comes before the next newline belongs to it. */
  skipping: z.boolean(),
  /** When the file was last written, as far as we saw; files rotated since then are younger. */
  modifiedMillis: z.number(),
});

const checkpoint = z.object({ version: z.literal(1), files: z.array(savedFile).max(10_000) });

export type SavedFile = Readonly<z.output<typeof savedFile>>;

export function writeCheckpoint(files: readonly SavedFile[]): JsonValue {
  return { version: 1, files };
}

export type CheckpointResult =
  | { readonly kind: "files"; readonly files: readonly SavedFile[] }
  | { readonly kind: "unusable"; readonly problem: string };

/** Files of one path come oldest first. */
export function readCheckpoint(resume: JsonValue | undefined): CheckpointResult {
  if (resume === undefined) return { kind: "files", files: [] };
  const result = checkpoint.safeParse(resume);
  if (result.success) return { kind: "files", files: result.data.files };
  const [issue] = result.error.issues;
  return {
    kind: "unusable",
    problem: `${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "not understood"}`,
  };
}
