/** What Droplens counts of sending its own metrics. Apart from telemetry.ts, which loads OpenTelemetry's libraries. */
import type { Counter, Metrics } from "../plugin/context.ts";

export function countExports(metrics: Metrics): Counter {
  return metrics.counter({
    name: "droplens_telemetry_exports_total",
    help: "Exports of Droplens' own metrics by what became of them: stored, partial, again, refused, failed",
    labels: ["outcome"],
  });
}
