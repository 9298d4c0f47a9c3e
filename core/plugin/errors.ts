/**
 * The errors that mean something to the core. They are recognised by their properties, never by `instanceof`,
 * because a plugin may carry its own copy of this file.
 */

/** Says what failed, on what, and what to do. `code` is for programs, the message for people. */
export class DroplensError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly retryable: boolean = false;

  constructor(code: Code, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The caller shall try the same again, after `retryAfterMillis` if the partner named a time. */
export class RetryableError<Code extends string = string> extends DroplensError<Code> {
  override readonly retryable = true;
  readonly retryAfterMillis: number | undefined;

  constructor(code: Code, message: string, options: { cause?: unknown; retryAfterMillis?: number | undefined } = {}) {
    super(code, message, options);
    this.retryAfterMillis = options.retryAfterMillis;
  }
}

/** Whether the same shall be tried again: any error whose property `retryable` is true, whoever made it. */
export function isRetryable(error: unknown): error is { readonly retryable: true; readonly retryAfterMillis?: number } {
  return typeof error === "object" && error !== null && "retryable" in error && error.retryable === true;
}

/** One line for a log or a person, whatever was thrown. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${describeError(error.cause)}`;
  return `${error.message}${cause}`;
}
