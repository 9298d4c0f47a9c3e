/**
 * What the process itself costs, under the names that Prometheus clients share. prom-client's own collection would
 * watch the event loop a hundred times a second, on every node, for a figure that nobody asked for.
 */
import { version } from "../version.ts";
import type { PrometheusMetrics } from "./metrics.ts";

export function showProcess(metrics: PrometheusMetrics): void {
  const startSeconds = Date.now() / 1000 - process.uptime();
  const build = { name: "droplens_build_info", help: "Always 1; what runs here", labels: ["version", "node"] };
  metrics.observe("gauge", build, () => [[{ version, node: process.version }, 1]]);
  const cpu = { name: "process_cpu_seconds_total", help: "User and system CPU time" };
  metrics.observe("counter", cpu, () => [[{}, cpuSeconds()]]);
  const memory = { name: "process_resident_memory_bytes", help: "Resident memory" };
  metrics.observe("gauge", memory, () => [[{}, process.memoryUsage.rss()]]);
  const start = { name: "process_start_time_seconds", help: "Start of the process, seconds since 1970" };
  metrics.observe("gauge", start, () => [[{}, startSeconds]]);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
