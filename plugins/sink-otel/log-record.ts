/**
 * A report as an OpenTelemetry log record. Reports in, what Logger.emit takes out; called by log-export.ts.
 */
import type { HrTime, LogRecord } from "@opentelemetry/api";
import { hrTime } from "../../core/otlp/hr-time.ts";
import type { DropReport, Endpoint } from "../../core/plugin/index.ts";
import { cleanText, logAttributes } from "./drop-attributes.ts";

/** SeverityNumber.WARN. */
const warn = 13;

export function logRecord(report: DropReport, observedMillis: number): LogRecord {
  return {
    eventName: "droplens.packet.dropped",
    timestamp: timeOf(report),
    observedTimestamp: hrTime(observedMillis),
    severityNumber: warn,
    body: sentence(report),
    attributes: logAttributes(report),
  };
}

/** The packet's own time; for repeats that of their first one, which the core keeps to the millisecond. */
function timeOf({ drop, repeat, firstMillis }: DropReport): HrTime {
  return (repeat ? undefined : exactTime(drop.time)) ?? hrTime(firstMillis);
}

/** "…:42.401765Z" → [seconds, 401765000]: a Date would cut it to milliseconds. */
export function exactTime(time: string): HrTime | undefined {
  const [, toSeconds, decimals = ""] = /^(.+:\d\d)(?:\.(\d+))?Z$/.exec(time) ?? [];
  const millis = Date.parse(`${toSeconds}Z`);
  if (Number.isNaN(millis) || millis < 0) return undefined;
  return [millis / 1000, Number(decimals.padEnd(9, "0").slice(0, 9))];
}

/** "TCP packet from shop/web-1 (10.0.0.7:40000) to data/db-0 (10.0.0.9:5432) dropped by calico-drop:". */
export function sentence(report: DropReport): string {
  const { drop, source, destination, count } = report;
  const packets = count === 1 ? "packet" : "packets";
  const what = [count === 1 ? "" : `${count}`, cleanText(drop.protocol ?? ""), packets].filter((word) => word !== "");
  const from = endText(source, drop.sourceAddress, drop.sourcePort);
  const to = endText(destination, drop.destinationAddress, drop.destinationPort);
  const by = drop.logPrefix ? ` by ${cleanText(drop.logPrefix)}` : "";
  return `${what.join(" ")} from ${from} to ${to} dropped${by}`;
}

function endText(endpoint: Endpoint, address: string, port: number | undefined): string {
  const place = port === undefined ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`;
  const name = nameOf(endpoint);
  return name === "" ? place : `${name} (${place})`;
}

function nameOf(endpoint: Endpoint): string {
  if (endpoint.kind === "address" || endpoint.name === undefined) return "";
  const shown = endpoint.hostNetwork === true ? (endpoint.nodeName ?? endpoint.name) : endpoint.name;
  const namespace = endpoint.hostNetwork === true ? undefined : endpoint.namespace;
  return cleanText(namespace === undefined ? shown : `${namespace}/${shown}`);
}
