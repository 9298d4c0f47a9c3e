/**
 * All the paths of one source: which of them are followed now, what keeps any from being read, and the places in all.
 * Asked by FileSource: `look` after a change or a poll, `resume` for each chunk.
 */
import { basename, dirname, matchesGlob } from "node:path";
import { type JsonValue, OnceAMinute, type PluginContext, printable, type SourceLag } from "../../core/plugin/index.ts";
import { type SavedFile, writeCheckpoint } from "./checkpoint.ts";
import type { DiscardLog } from "./discard-log.ts";
import { lookAt, noMatch } from "./file-look.ts";
import type { ReadRules } from "./open-file.ts";
import { maxFiles, type PathList } from "./path-list.ts";
import { Tail, type TailParts } from "./tail.ts";

export interface TailSetParts {
  readonly context: PluginContext;
  readonly rules: ReadRules;
  readonly discards: DiscardLog;
  readonly pollMillis: number;
}

/** Files remembered after they were let go, should they show up under another name. */
const maxFinished = 64;

export class TailSet {
  readonly #paths: PathList;
  readonly #parts: TailSetParts;
  readonly #tailParts: TailParts;
  readonly #limit: OnceAMinute;
  readonly #tails = new Map<string, Tail>();
  readonly #finished: SavedFile[] = [];
  readonly #resumes = new Map<string, { readonly version: number; readonly files: readonly SavedFile[] }>();
  #globProblems: readonly string[] = [];

  constructor(paths: PathList, saved: readonly SavedFile[], parts: TailSetParts) {
    this.#paths = paths;
    this.#parts = parts;
    this.#limit = new OnceAMinute(parts.context.clock);
    this.#tailParts = {
      rules: parts.rules,
      pollMillis: parts.pollMillis,
      clock: parts.context.clock,
      logger: parts.context.logger,
      lost: (path, reason, bytes) => parts.discards.lost(path, reason, bytes),
      unread: (path, files) => parts.discards.unread(path, files),
      finished: (file) => this.#remember(file),
      placeOf: (file) => this.#finished.find((one) => file.isSameInode(one) && file.isContinuationOf(one)),
    };
    this.#addSaved(saved);
  }

  /** Follows every path to where it leads now, and takes up new ones. */
  async look(signal: AbortSignal): Promise<void> {
    for (const tail of this.#tails.values()) {
      if (signal.aborted) return;
      await this.#follow(tail);
    }
    const { paths, unmatched, excess } = await this.#paths.match(this.#tails.keys());
    for (const path of paths) {
      if (signal.aborted) return;
      if (!this.#tails.has(path)) await this.#takeUp(path);
    }
    this.#globProblems = [
      ...unmatched.filter((pattern) => !this.#isFollowed(pattern)).map(noMatch),
      ...(excess > 0 ? [`${excess} more files match than the ${maxFiles} that are read at once: narrow the glob`] : []),
    ];
    for (const problem of this.#globProblems) this.#warn(problem, problem);
  }

  all(): readonly Tail[] {
    return [...this.#tails.values()];
  }

  resume(): JsonValue {
    const files: SavedFile[] = [];
    for (const tail of this.#tails.values()) files.push(...this.#savedOf(tail));
    return writeCheckpoint(files);
  }

  /** When a file at whose end we are is to be asked again. */
  waitMillis(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const tail of this.#tails.values()) least = Math.min(least, tail.waitMillis ?? least);
    return least;
  }

  /** The folders to watch, each with the names in it that are read. */
  folders(): ReadonlyMap<string, ReadonlySet<string>> {
    const folders = new Map<string, Set<string>>();
    const add = (path: string) => {
      const names = folders.get(dirname(path)) ?? new Set();
      folders.set(dirname(path), names.add(basename(path)));
    };
    for (const folder of this.#paths.folders()) folders.set(folder, new Set());
    for (const tail of this.#tails.values()) {
      add(tail.path);
      for (const file of tail.files) add(file.realPath);
    }
    return folders;
  }

  lag(): readonly SourceLag[] {
    return this.all().flatMap(({ path, files, lagBytes }) =>
      lagBytes === undefined ? [] : [{ part: path, offset: files[0]?.offset ?? 0, lagBytes }],
    );
  }

  problems(): readonly string[] {
    const ofTails = this.all().map((tail) => tail.problem);
    return [...ofTails.filter((problem) => problem !== undefined), ...this.#globProblems];
  }

  /** The first hundred are enough for a person. */
  status(): readonly object[] {
    return this.all()
      .slice(0, 100)
      .map((tail) => ({
        path: tail.path,
        offset: tail.files[0]?.offset,
        size: tail.files[0]?.size,
        rotatedFiles: Math.max(0, tail.files.length - 1),
        problem: tail.problem,
      }));
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((tail) => tail.close()));
  }

  /** Files of the checkpoint go first: one of them may have been rotated to a name that a glob matches. */
  #addSaved(saved: readonly SavedFile[]): void {
    const isWanted = (path: string) =>
      this.#paths.explicit.includes(path) || this.#paths.globs.some((pattern) => matchesGlob(path, pattern));
    for (const [path, files] of Map.groupBy(saved, (file) => file.path)) {
      if (isWanted(path)) this.#add(path, files);
    }
  }

  #add(path: string, saved: readonly SavedFile[]): Tail {
    const mayVanish = !this.#paths.explicit.includes(path);
    const tail = new Tail({ path, saved, mayVanish }, this.#tailParts);
    this.#tails.set(path, tail);
    return tail;
  }

  /** A new path; left alone while what it shows is already read under another one, or is no file at all. */
  async #takeUp(path: string): Promise<void> {
    const look = await lookAt(path);
    if (look.kind === "file" && this.all().some((tail) => tail.files.some((file) => file.isSameInode(look)))) return;
    const isExplicit = this.#paths.explicit.includes(path);
    if (!isExplicit && (look.kind === "missing" || (look.kind === "refused" && !look.isFile))) return;
    await this.#follow(this.#add(path, []));
  }

  async #follow(tail: Tail): Promise<void> {
    await tail.follow();
    if (tail.problem === undefined) this.#limit.forget(tail.path);
    else this.#warn(tail.path, tail.problem);
    if (!tail.isGone) return;
    this.#tails.delete(tail.path);
    this.#resumes.delete(tail.path);
    this.#limit.forget(tail.path);
  }

  #warn(key: string, problem: string): void {
    if (this.#limit.isDue(key)) this.#parts.context.logger.warn({ path: printable(key) }, problem);
  }

  #isFollowed(pattern: string): boolean {
    return this.all().some((tail) => matchesGlob(tail.path, pattern));
  }

  #savedOf(tail: Tail): readonly SavedFile[] {
    const known = this.#resumes.get(tail.path);
    if (known?.version === tail.version) return known.files;
    const files = tail.saved();
    this.#resumes.set(tail.path, { version: tail.version, files });
    return files;
  }

  #remember(file: SavedFile): void {
    this.#finished.push(file);
    if (this.#finished.length > maxFinished) this.#finished.shift();
  }
}
