/** Waits for what the real world does in its own time: a packet to be logged, an event to be posted. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until the answer is neither undefined nor false and returns it. After `timeoutMillis` rejects with the last
 * error and what `explain` has to show; sooner when `hopeless` says that no answer can come any more.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  options: { readonly timeoutMillis?: number; explain?(): unknown; hopeless?(): boolean } = {},
): Promise<T> {
  const timeoutMillis = options.timeoutMillis ?? 20_000;
  const deadline = Date.now() + timeoutMillis;
  let lastError: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      lastError = error;
    }
    if (options.hopeless?.()) break;
    await sleep(100);
  }
  const shown = options.explain === undefined ? "" : `\n${String(await options.explain())}`;
  throw new Error(`${what}: not within ${timeoutMillis} ms${shown}`, { cause: lastError });
}
