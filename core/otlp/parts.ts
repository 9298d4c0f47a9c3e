/**
 * Sends what may be too large for one request in halves, so that only an item that is too large by itself is refused.
 * Items in, what became of each part out; called by sink-otel with reports, by the telemetry with metrics.
 */
import type { Outcome } from "./outcome.ts";

export interface Part<Item> {
  readonly items: readonly Item[];
  readonly outcome: Outcome;
}

/**
 * In the order of the items, one request after the other. Once a part shall come again, so shall all that follow: they
 * are not sent. Rejects as `send` does.
 */
export async function sendInParts<Item>(
  items: readonly Item[],
  send: (items: readonly Item[]) => Promise<Outcome>,
): Promise<Part<Item>[]> {
  const parts: Part<Item>[] = [];
  const waiting = [items];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const outcome = await send(next);
    if (isTooLarge(outcome) && next.length > 1) {
      const half = next.length >> 1;
      waiting.push(next.slice(half), next.slice(0, half));
    } else parts.push({ items: next, outcome });
    if (outcome.kind === "again") return [...parts, ...waiting.reverse().map((rest) => ({ items: rest, outcome }))];
  }
  return parts;
}

export function isTooLarge(outcome: Outcome): boolean {
  return outcome.kind === "refused" && outcome.reason === "too_large";
}
