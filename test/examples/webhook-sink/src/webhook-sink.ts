/**
 * Posts batches of reports to a URL as JSON. Droplens calls `deliver` with at most `maxBatch` reports; what it does
 * next depends on how that ends: resolved is stored, a RetryableError comes again, any other error is given up.
 */
import { DroplensError, type DropReport, type Finding, RetryableError, type Sink } from "droplens/plugin";
import type { WebhookOptions } from "./options.ts";

export class WebhookSink implements Sink {
  readonly delivery = { maxBatch: 100 };
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  async deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<undefined> {
    const { status, retryAfterMillis } = await this.#send(
      "POST",
      JSON.stringify({ drops: reports.map(toDrop) }),
      signal,
    );
    if (status >= 200 && status < 300) return;
    const answered = `${this.#options.url} answered ${status}`;
    if (status === 429 || status >= 500) throw new RetryableError("BUSY", answered, { retryAfterMillis });
    throw new DroplensError("REFUSED", `${answered}: check the url and the token`);
  }

  /** For `droplens validate`: any answer at all says that somebody is there. */
  async check(signal: AbortSignal): Promise<Finding[]> {
    const what = `reach ${this.#options.url}`;
    try {
      await this.#send("OPTIONS", undefined, signal);
      return [{ ok: true, what }];
    } catch (error) {
      signal.throwIfAborted();
      return [{ ok: false, what, problem: `${error}: is the server running, is the url right?` }];
    }
  }

  async #send(method: string, body: string | undefined, signal: AbortSignal): Promise<Answer> {
    const { url, token } = this.#options;
    // A connection that is kept would outlive `stop`.
    const headers = { connection: "close", "content-type": "application/json" };
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    try {
      const response = await fetch(url, {
        method,
        body: body ?? null,
        headers: { ...headers, ...authorization },
        signal,
      });
      await response.body?.cancel();
      return { status: response.status, retryAfterMillis: millisOf(response.headers.get("retry-after")) };
    } catch (error) {
      signal.throwIfAborted();
      throw new RetryableError("UNREACHABLE", `cannot reach ${url}`, { cause: error });
    }
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfterMillis: number | undefined;
}

/** `count` is the number of packets that this report adds: sums over all reports are right. */
function toDrop({ drop, source, destination, count }: DropReport): object {
  return { time: drop.time, from: source.displayName, to: destination.displayName, port: drop.destinationPort, count };
}

function millisOf(retryAfter: string | null): number | undefined {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
