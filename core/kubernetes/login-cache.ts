/**
 * Keeps a login for a minute, reads it once for all who ask at the same time, and keeps an old one when its files
 * cannot be read for a moment. In comes a way to read, out comes Credentials.current.
 */
import type { Credentials, Login } from "./credentials.ts";

/** client-go reads token and certificate files again each minute; bound tokens are replaced at 80 % of their hour. */
const maxAgeMillis = 60_000;
/** A server that refuses everything must not make an exec plugin run for each request. */
const renewalPauseMillis = 1000;

/** `read` gets true when it shall forget what it holds itself (a kubeconfig's text, an exec plugin's answer). */
export function loginCache(
  read: (renew: boolean) => Promise<Login>,
  now: () => number = Date.now,
): Credentials["current"] {
  let kept: { readonly login: Login; readonly at: number } | undefined;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Login> | undefined;

  async function readNow(renew: boolean): Promise<Login> {
    try {
      const login = await read(renew);
      kept = { login, at: now() };
      return login;
    } catch (error) {
      if (kept === undefined || renew) throw error;
      return kept.login;
    } finally {
      reading = undefined;
    }
  }

  return async (renew) => {
    if (reading !== undefined) return await reading;
    const due = kept === undefined || now() - kept.at >= maxAgeMillis;
    const renewing = renew && now() - renewedAt >= renewalPauseMillis;
    if (kept !== undefined && !due && !renewing) return kept.login;
    if (renewing) renewedAt = now();
    reading = readNow(renewing);
    return await reading;
  };
}
