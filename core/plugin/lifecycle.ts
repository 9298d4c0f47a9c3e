/** What every plugin instance may implement besides its role's own method. All of it is optional. */
export interface Lifecycle {
  /**
   * Opens what the plugin needs, before any data flows. Called once, sinks first, the source last.
   * Rejecting stops the start-up with this plugin's name: reject only for what a person must mend. A partner
   * that is down is no reason: start, say so in `problems`, and go on trying.
   * `signal` aborts when the process is to end: give up and reject with `signal.reason`.
   */
  start?(signal: AbortSignal): Promise<void>;

  /**
   * Closes everything. Idempotent; legal before `start`; ends by itself when `signal` aborts (the deadline).
   * Nothing of the plugin is left running afterwards: no timer, socket, child or promise.
   */
  stop?(signal: AbortSignal): Promise<void>;

  /** What `droplens validate` asks, without `start` before it: can the work be done here? Never rejects for a "no". */
  check?(signal: AbortSignal): Promise<readonly Finding[]>;

  /** What keeps the plugin from its work right now, a sentence each; `/readyz` answers 503 with them. Cheap. */
  problems?(): readonly string[];

  /** A small JSON object for `/status`. Cheap; no secrets. */
  status?(): Readonly<Record<string, unknown>>;
}

/** One answer of `check`. */
export interface Finding {
  readonly ok: boolean;
  /** What was tried, on what: "read /var/log/kern.log", "events: create in all namespaces". */
  readonly what: string;
  /** Only when not ok: what went wrong and what to do about it. */
  readonly problem?: string;
}
