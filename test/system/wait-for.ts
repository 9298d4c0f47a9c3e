/** Waits for what the real world does in its own time: a packet to be logged, an event to be posted. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until the answer is neither undefined nor false and returns it. After `timeoutMillis` rejects with the last
 * error, or with what `explain` has to show.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  options: { readonly timeoutMillis?: number; explain?(): unknown } = {},
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
    await sleep(100);
  }
  const shown = options.explain === undefined ? "" : `\n${String(await options.explain())}`;
  throw new Error(`${what}: not within ${timeoutMillis} ms${shown}`, { cause: lastError });
}
