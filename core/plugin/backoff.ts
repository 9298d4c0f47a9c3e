/** How long to wait before trying again: exponential with full jitter, so that 5,000 nodes do not come back together. */
export interface BackoffOptions {
  readonly firstMillis: number;
  readonly maxMillis: number;
}

/** `attempt` counts from 1. A time that the partner named is a lower bound, with up to a quarter on top. */
export function backoffMillis(attempt: number, options: BackoffOptions, retryAfterMillis = 0): number {
  const ceiling = Math.min(options.maxMillis, options.firstMillis * 2 ** Math.min(attempt - 1, 30));
  return Math.max(Math.random() * ceiling, retryAfterMillis * (1 + Math.random() / 4));
}
