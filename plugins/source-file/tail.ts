/**
 * Follows one path through its rotations: keeps the files to which something may yet be written, oldest first, and reads
 * the older ones to their end before it goes on with a younger one. Driven by FileSource: `follow` after a change, `next` for each chunk.
 */
import type { Clock, Logger } from "../../core/plugin/index.ts";
import { printable } from "../../core/plugin/index.ts";
import type { SavedFile } from "./checkpoint.ts";
import { systemCode } from "./errors.ts";
import { type Look, lookAt, unreadableProblem } from "./file-look.ts";
import { OpenFile, type ReadRules, type ReadStep } from "./open-file.ts";
import { Quiet } from "./quiet.ts";
import { countCompressedBetween, findAllSaved, findBetween, findSaved, type Gap } from "./rotated-files.ts";

export interface TailParts {
  readonly rules: ReadRules;
  readonly pollMillis: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with the bytes that are known to be lost. */
  lost(path: string, reason: "truncated", bytes: number): void;
  /** Called with the number of files that are gone, or compressed, before they were read. */
  unread(path: string, files: number): void;
  /** A file was read to its end and let go. */
  finished(file: SavedFile): void;
  /** The place in a file that was let go before and shows up again under another name. */
  placeOf(file: OpenFile): SavedFile | undefined;
}

export interface TailOf {
  readonly path: string;
  /** From the checkpoint, oldest first. */
  readonly saved: readonly SavedFile[];
  /** Found by a glob: when nothing is at the path for a while, it is gone for good. Else its last file is kept open. */
  readonly mayVanish: boolean;
}

export class Tail {
  readonly path: string;
  /** Changes with every step that moves a place; then `saved` is to be asked again. */
  version = 0;
  readonly #parts: TailParts;
  readonly #mayVanish: boolean;
  /** From the checkpoint and not yet found. */
  #unresolved: readonly SavedFile[];
  readonly #files: OpenFile[] = [];
  #hasOpened = false;
  #problem: string | undefined;
  #missingSince: number | undefined;
  /** The newest file as it was when it was found empty: what is written next may be copied away and truncated unseen. */
  #emptied: SavedFile | undefined;
  readonly #quiet: Quiet;

  constructor(of: TailOf, parts: TailParts) {
    this.path = of.path;
    this.#unresolved = of.saved;
    this.#mayVanish = of.mayVanish;
    this.#parts = parts;
    this.#quiet = new Quiet(parts);
  }

  /** Looks where the path leads now, and opens what is new there. */
  async follow(): Promise<void> {
    const look = await lookAt(this.path);
    try {
      if (this.#unresolved.length > 0) await this.#resume(look);
      if (look.kind === "file") await this.#open(look);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return this.#note(await lookAt(this.path));
      this.#problem = await unreadableProblem(this.path, error);
      return;
    }
    this.#note(look);
    this.#hasOpened ||= this.#files.length > 0;
  }

  /** The next lines, of the oldest file that has some; `endOfFile` when there is nothing to do before a change or poll. */
  async next(buffer: Buffer): Promise<ReadStep> {
    try {
      if (this.#emptied !== undefined) await this.#lookBehindEmptied(this.#emptied);
      for (const file of [...this.#files]) {
        // A writer turns to the younger file for good: when something is in it, all else is in the older ones already.
        if (file.lagBytes() > 0 && !this.#isReadUpTo(file)) return { kind: "advanced" };
        const step = await this.#nextOf(file, buffer);
        if (step.kind !== "endOfFile") return step;
      }
      return { kind: "endOfFile" };
    } catch (error) {
      await this.#release();
      this.#problem = await unreadableProblem(this.path, error);
      return { kind: "endOfFile" };
    }
  }

  saved(): SavedFile[] {
    return [...this.#unresolved, ...this.#files.map((file) => file.saved(this.path))];
  }

  /** What keeps this path from being read, for a person. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Nothing is left to read, and nothing has been at the path for a while. */
  get isGone(): boolean {
    return this.#files.length === 0 && this.#hasGivenUp();
  }

  /** Bytes that are there and not read; undefined while no file has been opened: 0 would say that all is read. */
  get lagBytes(): number | undefined {
    return this.#hasOpened ? this.#files.reduce((sum, file) => sum + file.lagBytes(), 0) : undefined;
  }

  /** Files at whose end something may yet be written, and where they are. */
  get files(): readonly OpenFile[] {
    return this.#files;
  }

  /** When to look again though nothing has happened: undefined if the next poll is early enough. */
  get waitMillis(): number | undefined {
    return this.#quiet.leftMillis;
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.splice(0).map((file) => file.close()));
  }

  async #nextOf(file: OpenFile, buffer: Buffer): Promise<ReadStep> {
    const step = await file.next(buffer);
    if (step.kind === "truncated") return this.#truncated(file, step.unreadBytes);
    if (step.kind !== "endOfFile") this.version++;
    else if (file === this.#files[0] && this.#isFinished(file)) return this.#finish(file, buffer);
    return step;
  }

  #isReadUpTo(file: OpenFile): boolean {
    return this.#files.slice(0, this.#files.indexOf(file)).every((older) => older.isAtEnd());
  }

  #note(look: Look): void {
    this.#missingSince = look.kind === "missing" ? (this.#missingSince ?? this.#parts.clock.now()) : undefined;
    // While a rotated file is open and its successor has not yet come, all is well.
    const isWell = look.kind === "file" || (look.kind === "missing" && this.#files.length > 0);
    this.#problem = isWell ? undefined : look.problem;
  }

  /** Finds the files of the checkpoint again. As long as the path shows nothing, what is not found may yet come back. */
  async #resume(look: Look): Promise<void> {
    const saved = this.#unresolved;
    const found = await findAllSaved(saved, this.#parts.rules);
    const gone = saved.filter((_, index) => found[index] === undefined);
    this.#files.push(...found.filter((file) => file !== undefined));
    this.#unresolved = look.kind === "file" ? [] : gone;
    this.#emptied = saved.find((one, index) => one.fingerprint.length === 0 && found[index] !== undefined);
    this.version++;
    if (look.kind !== "file") return;
    for (const one of gone) this.#reportGone(one);
    if (this.#files.length === 0) await this.#openAfter(gone.at(-1));
  }

  async #open(look: { readonly device: string; readonly inode: string }): Promise<void> {
    if (this.#files.some((file) => file.isSameInode(look))) return;
    await this.#openAfter(this.#files.at(-1)?.saved(this.path));
  }

  /** Opens what the path shows, and before it what came between `last` and it. */
  async #openAfter(last: SavedFile | undefined): Promise<void> {
    const { logger } = this.#parts;
    const [live, ...between] = await this.#openLive(last);
    if (live === undefined) return;
    for (const one of between.slice(0, -1)) one.settled = true;
    for (const one of [...between, live]) this.#resumeKnown(one, last);
    this.#files.push(...between, live);
    if (last !== undefined) {
      this.#noteEmptied(live);
      this.#parts.unread(
        this.path,
        await countCompressedBetween({ last, live, untilMillis: Number.POSITIVE_INFINITY }),
      );
    }
    this.#quiet.forget();
    this.version++;
    const fields = { path: printable(this.path), offset: live.offset, size: live.size };
    if (last === undefined) logger.info(fields, "reads the log file");
    else logger.info({ ...fields, between: between.length }, "the log file was rotated");
  }

  /** The newest file and those before it; nothing when it is open already. */
  async #openLive(last: SavedFile | undefined): Promise<OpenFile[]> {
    for (let tries = 1; ; tries++) {
      const live = await OpenFile.open(this.path, this.#parts.rules);
      if (this.#files.some((file) => file.isSameInode(live))) return live.close().then(() => []);
      if (last === undefined) return [live];
      const gap = { last, live, untilMillis: Number.POSITIVE_INFINITY };
      const between = await this.#findBetween(gap).catch((error) => closed(live, error));
      const look = await lookAt(this.path);
      if ((look.kind === "file" && live.isSameInode(look)) || tries >= 5) return [live, ...between];
      // Rotated again meanwhile: among what was found may be files that are younger than this one.
      await Promise.all([live, ...between].map((file) => file.close()));
    }
  }

  /** Without those that are open anyway. */
  async #findBetween(gap: Gap): Promise<OpenFile[]> {
    const found = await findBetween(gap, this.#parts.rules);
    const isOpen = (one: OpenFile) => this.#files.some((file) => file.isSameInode(one));
    await Promise.all(found.filter(isOpen).map((file) => file.close()));
    return found.filter((file) => !isOpen(file));
  }

  /** A file that was read under another name, or an editor's copy put in the place of the one that was read. */
  #resumeKnown(file: OpenFile, last: SavedFile | undefined): void {
    const known = this.#parts.placeOf(file);
    if (known !== undefined) file.resumeAt(known);
    else if (last !== undefined && last.fingerprint.length >= this.#parts.rules.fingerprintBytes) {
      if (file.isContinuationOf(last)) file.resumeAt(last);
    }
  }

  /**
   * A file was cut short and begins anew. What was not yet read of it may be in the copy that was made of it,
   * and what came and went since in younger copies.
   */
  async #truncated(file: OpenFile, unreadBytes: number): Promise<ReadStep> {
    const { rules, logger } = this.#parts;
    const before = file.saved(this.path);
    const copy = await findSaved(before, rules);
    if (copy?.isSameInode(file)) {
      // The copy was put back into place under our feet; the place in it is the right one.
      await copy.close();
      return { kind: "advanced" };
    }
    if (copy !== undefined) this.#files.splice(this.#files.indexOf(file), 0, copy);
    else if (unreadBytes > 0) this.#parts.lost(this.path, "truncated", unreadBytes);
    file.restart();
    const between = await this.#findBetween({ last: before, live: file, untilMillis: file.modifiedMillis });
    this.#insertCopies(between, file);
    this.#noteEmptied(file);
    this.#quiet.forget();
    this.version++;
    logger.info({ path: printable(this.path), copy: copy && printable(copy.realPath) }, "the log file was truncated");
    return { kind: "advanced" };
  }

  /** Something was written to the emptied file: is it all there, or has some been copied away meanwhile? */
  async #lookBehindEmptied(emptied: SavedFile): Promise<void> {
    const file = this.#files.find(({ inode }) => inode === emptied.inode);
    if (file === undefined) return;
    const isSame = file.refresh();
    if (isSame && file.modifiedMillis === emptied.modifiedMillis) return;
    const copies = await this.#findBetween({ last: emptied, live: file, untilMillis: file.modifiedMillis });
    this.#noteEmptied(file);
    this.#insertCopies(copies, file);
  }

  #noteEmptied(file: OpenFile): void {
    this.#emptied = file.size === 0 ? file.saved(this.path) : undefined;
  }

  #insertCopies(copies: readonly OpenFile[], file: OpenFile): void {
    for (const copy of copies) copy.settled = true;
    this.#files.splice(this.#files.indexOf(file), 0, ...copies);
  }

  /**
   * Whether the file at whose end we are may be let go: it was rotated, its successor is being written to, and one poll
   * long nothing came. A writer may keep the rotated file open for a while, and until it turns to the new one that is empty.
   */
  #isFinished(file: OpenFile): boolean {
    const [, ...successors] = this.#files;
    if (successors.length > 0 && file.settled) return true;
    for (const successor of successors) successor.refresh();
    if (!successors.some((successor) => successor.size > 0) && !this.#hasGivenUp()) return false;
    return this.#quiet.isOver(file.size);
  }

  async #finish(file: OpenFile, buffer: Buffer): Promise<ReadStep> {
    const step = await file.takePartialLine(buffer);
    if (step.kind === "advanced") return step;
    this.#files.shift();
    this.#quiet.forget();
    this.version++;
    this.#parts.finished(file.saved(this.path));
    await file.close();
    return step.kind === "lines" ? step : { kind: "advanced" };
  }

  /** Nothing at the path for so long that what was there counts as gone for good. */
  #hasGivenUp(): boolean {
    if (!this.#mayVanish || this.#missingSince === undefined) return false;
    return this.#parts.clock.now() - this.#missingSince >= Math.max(60_000, 12 * this.#parts.pollMillis);
  }

  /** After a read error: everything is closed, and found again by its place at the next look. */
  async #release(): Promise<void> {
    this.#unresolved = this.saved();
    await this.close();
  }

  #reportGone(saved: SavedFile): void {
    if (saved.fingerprint.length === 0) return;
    this.#parts.unread(this.path, 1);
    this.#parts.logger.warn(
      { path: printable(this.path), offset: saved.offset, inode: saved.inode },
      "the file of the checkpoint is gone: what was written to it after this offset cannot be read",
    );
  }
}

async function closed(file: OpenFile, error: unknown): Promise<never> {
  await file.close();
  throw error;
}
