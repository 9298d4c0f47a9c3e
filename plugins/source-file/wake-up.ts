/**
 * Wakes the source when something happens in the folders of its files: file events where they work, and a poll beside
 * them as the safety net. Wake-ups that come together count as one. FileSource waits on it when there is nothing to read.
 */
import { type FSWatcher, statSync, watch } from "node:fs";
import { type Clock, describeError, type Logger, printable } from "../../core/plugin/index.ts";

/** After a wake-up the next one comes no sooner: a busy writer costs at most a hundred looks a second. */
const restMillis = 10;

interface WatchedFolder {
  readonly watcher: FSWatcher;
  /** Which folder it is, to notice that another one stands at its path. */
  readonly identity: string;
}

export class WakeUp {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #folders = new Map<string, WatchedFolder>();
  #names: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #isWoken = false;
  #wasWoken = false;
  /** A name came, went or changed its file, or watching has failed: the paths are to be looked at. */
  #isMoved = true;
  #hasFailed = false;
  #wake: (() => void) | undefined;

  constructor(parts: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** Whether names have changed since the last call. */
  takeMoved(): boolean {
    const isMoved = this.#isMoved;
    this.#isMoved = false;
    return isMoved;
  }

  /** `events` when every folder is watched. */
  get mode(): "events" | "polling" {
    return this.#hasFailed || this.#folders.size === 0 ? "polling" : "events";
  }

  /** Watches these folders and no others; changes of files that are not among their names do not wake. */
  watch(folders: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#names = folders;
    for (const folder of this.#folders.keys()) if (!folders.has(folder)) this.#unwatch(folder);
    let hasFailed = false;
    for (const folder of folders.keys()) {
      const identity = identityOf(folder);
      if (this.#folders.get(folder)?.identity === identity) continue;
      this.#unwatch(folder);
      // A folder that is not there yet is found by the poll.
      if (identity !== "" && !this.#watchFolder(folder, identity)) hasFailed = true;
    }
    this.#hasFailed = hasFailed;
  }

  /** Resolves at the next event, after `millis`, when `signal` aborts, or at once when something happened meanwhile. */
  async wait(millis: number, signal: AbortSignal): Promise<void> {
    if (this.#wasWoken) await this.#sleep(Math.min(restMillis, millis), signal);
    if (!this.#isWoken) await this.#sleepUntilWoken(millis, signal);
    this.#wasWoken = this.#isWoken;
    this.#isWoken = false;
  }

  close(): void {
    for (const folder of [...this.#folders.keys()]) this.#unwatch(folder);
  }

  async #sleepUntilWoken(millis: number, signal: AbortSignal): Promise<void> {
    const waking = new AbortController();
    const wake = () => waking.abort();
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    if (!signal.aborted) await this.#sleep(millis, waking.signal);
    signal.removeEventListener("abort", wake);
    this.#wake = undefined;
  }

  /** Resolves too when `signal` aborts: then there is nothing to wait for. */
  async #sleep(millis: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(millis, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  #watchFolder(folder: string, identity: string): boolean {
    try {
      const watcher = watch(folder, (event, name) => this.#onEvent(folder, event, name));
      watcher.on("error", (error) => this.#onFailure(folder, error));
      this.#folders.set(folder, { watcher, identity });
      this.#isMoved = true;
      return true;
    } catch (error) {
      this.#onFailure(folder, error);
      return false;
    }
  }

  #onEvent(folder: string, event: string, name: string | null): void {
    if (event === "rename") this.#isMoved = true;
    else if (name !== null && !this.#names.get(folder)?.has(name)) return;
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Out of inotify watches or instances, or no events on this file system: no reason to stop, the poll goes on. */
  #onFailure(folder: string, error: unknown): void {
    this.#unwatch(folder);
    if (!this.#hasFailed) {
      this.#logger.warn(
        { folder: printable(folder), error: printable(describeError(error)) },
        "no file events for this folder: new lines are noticed at the next poll (see fs.inotify.max_user_watches and max_user_instances)",
      );
    }
    this.#hasFailed = true;
  }

  #unwatch(folder: string): void {
    this.#folders.get(folder)?.watcher.close();
    this.#folders.delete(folder);
  }
}

/** "" while no folder is there. */
function identityOf(folder: string): string {
  try {
    const stats = statSync(folder, { bigint: true });
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}` : "";
  } catch {
    return "";
  }
}
