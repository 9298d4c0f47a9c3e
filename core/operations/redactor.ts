/**
 * Keeps secrets of the config out of whatever the program writes: its log, /status, /readyz. In: the values that
 * print-config redacts, and texts. A plugin's own log lines come through here, what it prints by itself does not.
 */
import { redacted, withoutUserInfo } from "../config/secret.ts";

/** More come only from reloads with new secrets each time; the newest matter. */
const maxSecrets = 1000;

export class Redactor {
  #secrets: readonly string[] = [];

  constructor(secrets: readonly string[] = []) {
    this.know(secrets);
  }

  /** From now on these are secret, too: a reload brings new ones, and the old ones may still be about. */
  know(secrets: readonly string[]): void {
    const forms = secrets.flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
    ]);
    const newest = [...new Set([...this.#secrets, ...forms])].slice(-maxSecrets);
    // Longest first: one may be a part of another.
    this.#secrets = newest.toSorted((a, b) => b.length - a.length);
  }

  text(text: string): string {
    return withoutUserInfo(this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, redacted), text));
  }
}
