/** Bounds every wait of the suites, so that a plugin that hangs fails its check instead of the whole run. */
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout } from "node:timers/promises";

const patience = new AsyncLocalStorage<number>();

/** All waits in `work` are bounded by `millis`. */
export function withPatience<T>(millis: number, work: () => Promise<T>): Promise<T> {
  return patience.run(millis, work);
}

/** Settles as `work` does; rejects, naming `what`, when that takes too long. */
export async function within<T>(what: string, work: Promise<T> | T): Promise<T> {
  const limitMillis = patience.getStore() ?? 4000;
  const timer = new AbortController();
  const late = setTimeout(limitMillis, undefined, { signal: timer.signal }).then(() => {
    throw new TooLate(`${what} did not settle within ${limitMillis} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

class TooLate extends Error {}

/** What `work` rejected with, or undefined when it resolved. Throws when it did neither in time. */
export async function rejection(what: string, work: Promise<unknown> | unknown): Promise<unknown> {
  try {
    await within(what, work);
    return undefined;
  } catch (error) {
    if (error instanceof TooLate) throw error;
    if (error === undefined) throw new Error(`${what} rejected with undefined: reject with an Error`);
    return error;
  }
}
