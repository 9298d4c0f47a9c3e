/**
 * Reads each file once, from its beginning to its end, one after the other: `until: end`, for `droplens replay`.
 * Rotated files are not looked for. FileSource hands over to it.
 */
import { stat } from "node:fs/promises";
import { type Chunk, printable } from "../../core/plugin/index.ts";
import { type SavedFile, writeCheckpoint } from "./checkpoint.ts";
import { SourceFileError } from "./errors.ts";
import { unreadableProblem } from "./file-look.ts";
import { OpenFile, type ReadRules } from "./open-file.ts";

export interface Progress {
  path: string;
  bytesRead: number;
  bytesTotal: number;
}

export async function totalOf(paths: readonly string[]): Promise<Progress> {
  let bytesTotal = 0;
  for (const path of paths)
    bytesTotal += await stat(path).then(
      (stats) => stats.size,
      () => 0,
    );
  return { path: paths[0] ?? "", bytesRead: 0, bytesTotal };
}

export interface WholeFilesParts {
  readonly saved: readonly SavedFile[];
  readonly rules: ReadRules;
  readonly buffer: Buffer;
  readonly progress: Progress;
}

export async function* readWholeFiles(
  paths: readonly string[],
  parts: WholeFilesParts,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void> {
  const finished: SavedFile[] = [];
  for (const path of paths) {
    if (signal.aborted) return;
    parts.progress.path = path;
    const file = await openAt(path, parts);
    try {
      for await (const bytes of readWhole(file, parts, signal)) {
        yield { bytes, resume: writeCheckpoint([...finished, file.saved(path)]) };
      }
      finished.push(file.saved(path));
    } finally {
      await file.close();
    }
  }
}

async function* readWhole(file: OpenFile, parts: WholeFilesParts, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  let counted = 0;
  const count = () => {
    parts.progress.bytesRead += file.offset - counted;
    counted = file.offset;
  };
  count();
  while (!signal.aborted) {
    const step = await file.next(parts.buffer);
    count();
    if (step.kind === "lines") yield step.bytes;
    if (step.kind === "truncated") throw truncated(file.path);
    if (step.kind !== "endOfFile") continue;
    const last = await file.takePartialLine(parts.buffer);
    count();
    if (last.kind === "lines") yield last.bytes;
    if (last.kind === "endOfFile") return;
  }
}

async function openAt(path: string, { saved, rules }: WholeFilesParts): Promise<OpenFile> {
  try {
    const file = await OpenFile.open(path, rules);
    const known = saved.find((one) => one.path === path);
    if (known !== undefined && file.isContinuationOf(known)) file.resumeAt(known);
    return file;
  } catch (error) {
    if (error instanceof SourceFileError) throw error;
    throw new SourceFileError("SOURCE_FILE_READ", await unreadableProblem(path, error), { cause: error });
  }
}

function truncated(path: string): SourceFileError {
  return new SourceFileError(
    "SOURCE_FILE_READ",
    `${printable(path)} was truncated while it was read: replay a copy of a file that is still written to`,
  );
}
