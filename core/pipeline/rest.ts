/**
 * A while that has to pass before something is tried again, by a clock that may be set back: it is then over at once
 * rather than in an hour. The delivery queue and the checkpoint keeper wait by it.
 */
export class Rest {
  #sinceMillis = 0;
  #millis = 0;

  /** From now on; a longer one that is under way stays. */
  begin(nowMillis: number, millis: number): void {
    if (this.left(nowMillis) >= millis) return;
    this.#sinceMillis = nowMillis;
    // Whole: a fraction may be lost in the sum of now and a sleep, and would never be over.
    this.#millis = Math.ceil(millis);
  }

  /** Milliseconds; 0: it is over. */
  left(nowMillis: number): number {
    const passed = nowMillis - this.#sinceMillis;
    return passed < 0 ? 0 : Math.max(0, this.#millis - passed);
  }
}
