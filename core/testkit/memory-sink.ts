/** A sink that remembers; a test tells it how to answer. */
import type { DropReport } from "../model/drop-report.ts";
import type { DeliveryOptions, DeliveryResult, Sink } from "../plugin/sink.ts";

/** How a MemorySink answers a delivery. */
export type Answer = (
  reports: readonly DropReport[],
  signal: AbortSignal,
) => Promise<DeliveryResult | undefined> | DeliveryResult | undefined;

/** Stores reports in memory. `answer` makes it fail, wait, or refuse a part. */
export class MemorySink implements Sink {
  /** What was stored, batch by batch. */
  readonly batches: DropReport[][] = [];
  readonly delivery: Partial<DeliveryOptions>;
  /** Throw in it, wait in it, or name what was not stored. Default: all stored. */
  answer: Answer = () => undefined;
  calls = 0;

  constructor(delivery: Partial<DeliveryOptions> = {}) {
    this.delivery = delivery;
  }

  get reports(): DropReport[] {
    return this.batches.flat();
  }

  /** Packets stored. */
  get packets(): number {
    return this.reports.reduce((sum, report) => sum + report.count, 0);
  }

  async deliver(reports: readonly DropReport[], signal: AbortSignal): Promise<DeliveryResult | undefined> {
    this.calls++;
    const result = await this.answer(reports, signal);
    const refused = [...(result?.discarded ?? []), ...(result?.retry ?? [])].map(({ report }) => report);
    this.batches.push(reports.filter((report) => !refused.includes(report)));
    return result;
  }
}
