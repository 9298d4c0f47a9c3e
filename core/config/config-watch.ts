/**
 * Tells when a config file has other content than before: by file events where they work, and by looking every ten
 * seconds. A ConfigMap's file is a link into a folder that is exchanged; so it is the folder that is watched and the
 * content that counts. Called by `droplens run`.
 */
import { readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Logger } from "../plugin/context.ts";
import { describeError } from "../plugin/errors.ts";

export interface ConfigWatchParts {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  onChange(): void;
}

const lookMillis = 10_000;
/** An editor or a kubelet writes in several steps. */
const settleMillis = 300;

/** Watches until `signal` aborts. */
export async function watchConfig(
  { path, clock, logger, onChange }: ConfigWatchParts,
  signal: AbortSignal,
): Promise<void> {
  let event = Promise.withResolvers<"event">();
  const watcher = watchFolder(path, logger, () => event.resolve("event"));
  let content = readContent(path);
  while (!signal.aborted) {
    const looked = new AbortController();
    const why = await Promise.race([
      event.promise,
      clock.sleep(lookMillis, AbortSignal.any([signal, looked.signal])).catch(() => {}),
    ]);
    looked.abort();
    event = Promise.withResolvers();
    if (why !== "event" && readContent(path) === content) continue;
    await clock.sleep(settleMillis, signal).catch(() => {});
    const now = readContent(path);
    // A file that is gone for a moment is being exchanged.
    if (now === undefined || now === content || signal.aborted) continue;
    content = now;
    onChange();
  }
  watcher?.close();
}

function watchFolder(path: string, logger: Logger, onEvent: () => void) {
  try {
    const watcher = watch(dirname(path), onEvent);
    watcher.on("error", () => {});
    return watcher;
  } catch (error) {
    const fields = { path, error: describeError(error) };
    logger.warn(fields, "no file events for the config: it is looked at every ten seconds");
    return undefined;
  }
}

/** Synchronous: the way through the thread pool and back wakes an idle process four times. */
function readContent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
