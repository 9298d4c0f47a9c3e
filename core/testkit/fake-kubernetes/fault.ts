/**
 * What tests order the fake to do wrong: answers out of the ordinary, silence, broken connections, missing rights.
 * The router asks here before it answers anything.
 */
import type { Cause } from "./refusal.ts";

export interface Fault {
  readonly method?: string;
  /** Found anywhere in path and query: /\/events$/. */
  readonly path?: RegExp;
  /** How many requests it meets, 1 if left out; Infinity until it is lifted. */
  readonly times?: number;
  readonly answer: FaultAnswer;
}

export type FaultAnswer =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      readonly causes?: readonly Cause[];
      /** The header as it is: "2" or a date. */
      readonly retryAfter?: string;
      /** Sent in place of a Status: what a proxy's HTML page is. */
      readonly body?: string;
    }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  /** Closes the connection instead of answering; nothing was carried out. */
  | { readonly kind: "cut" }
  /** Carries the request out and closes the connection instead of answering. */
  | { readonly kind: "lost-answer" };

/** What an access review or an ordinary request asks to do. */
export interface Access {
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  readonly namespace: string;
  readonly name: string;
}

export interface LoggedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  /** Date.now() at its arrival. */
  readonly at: number;
}

export class Faults {
  readonly #orders = new Set<{ readonly fault: Fault; left: number }>();

  /** Returns what lifts it. */
  order(fault: Fault): () => void {
    const order = { fault, left: fault.times ?? 1 };
    this.#orders.add(order);
    return () => void this.#orders.delete(order);
  }

  /** The oldest order that meets this request; takes one of its times. */
  take(method: string, path: string): FaultAnswer | undefined {
    for (const order of this.#orders) {
      const { fault } = order;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (fault.path !== undefined && path.search(fault.path) < 0) continue;
      order.left--;
      if (order.left <= 0) this.#orders.delete(order);
      return fault.answer;
    }
    return undefined;
  }
}
