/** Reads the Retry-After header: in come the header's texts, out come milliseconds. Called for each answer of the API server. */

/** A server that asks for more than this is asked again sooner: an agent must not fall silent for hours. */
const longestMillis = 10 * 60_000;

/** `serverDate` is the answer's Date header: a date is counted from there, so that a wrong clock here does no harm. */
export function parseRetryAfter(text: string | undefined, serverDate?: string): number | undefined {
  const value = text?.trim() ?? "";
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, longestMillis);
  // Date.parse takes "-5" and other odd texts for years; an HTTP date has letters.
  const at = /^[A-Za-z]{3}/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const serverNow = Date.parse(serverDate ?? "");
  const now = Number.isNaN(serverNow) ? Date.now() : serverNow;
  return Math.min(Math.max(at - now, 0), longestMillis);
}
