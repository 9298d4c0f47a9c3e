/** What became of the reports of one sink, in packets. The queue writes it; metrics, /status and the summary read it. */
import type { DropReport } from "../model/drop-report.ts";

export class DeliveryBooks {
  /** Packets. */
  deliveredPackets = 0;
  /** Batches or reports that had to come again. */
  retries = 0;
  /** Packets by reason. */
  readonly discardedByReason = new Map<string, number>();
  /** Packets that are with the queue or the sink. */
  openPackets = 0;
  queued(report: DropReport): void {
    this.openPackets += report.count;
  }

  delivered(batch: readonly { readonly report: DropReport }[]): void {
    let packets = 0;
    for (const { report } of batch) packets += report.count;
    this.openPackets -= packets;
    this.deliveredPackets += packets;
  }

  retried(): void {
    this.retries++;
  }

  /** A report that `queued` has counted. */
  discarded(report: DropReport, reason: string): void {
    this.openPackets -= report.count;
    this.refused(report, reason);
  }

  /** A report that never got into the queue. */
  refused(report: DropReport, reason: string): void {
    this.discardedByReason.set(reason, (this.discardedByReason.get(reason) ?? 0) + report.count);
  }
}
