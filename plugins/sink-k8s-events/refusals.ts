/**
 * Namespaces that refuse events as a whole (terminating, missing, no right there), remembered for a while so that their
 * drops cost no request each. The poster asks before each write.
 */
import type { Clock } from "../../core/plugin/index.ts";
import type { Discard, Verb } from "./outcome.ts";

const maxRefusals = 1000;

type Refusal = { readonly discard: Discard; readonly fromMillis: number; readonly untilMillis: number };

export class Refusals {
  readonly #clock: Clock;
  readonly #refusals = new Map<string, Refusal>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(verb: Verb, namespace: string, discard: Discard): void {
    if (discard.refusedMillis === undefined) return;
    const key = refusalKey(verb, namespace);
    const now = this.#clock.now();
    this.#refusals.delete(key);
    this.#refusals.set(key, { discard, fromMillis: now, untilMillis: now + discard.refusedMillis });
    const oldest = this.#refusals.keys().next();
    if (this.#refusals.size > maxRefusals && !oldest.done) this.#refusals.delete(oldest.value);
  }

  find(verb: Verb, namespace: string): Discard | undefined {
    const key = refusalKey(verb, namespace);
    const refusal = this.#refusals.get(key);
    if (refusal === undefined) return undefined;
    const now = this.#clock.now();
    if (now >= refusal.fromMillis && now < refusal.untilMillis) return refusal.discard;
    this.#refusals.delete(key);
    return undefined;
  }

  /** A person has granted what was missing: ask again at once. */
  forgetMissingRights(): void {
    for (const [key, { discard }] of this.#refusals) {
      if (discard.reason === "missing_right") this.#refusals.delete(key);
    }
  }
}

/** Neither part has a space. */
function refusalKey(verb: Verb, namespace: string): string {
  return `${verb} ${namespace}`;
}
