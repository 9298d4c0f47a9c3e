/**
 * A report as one JSON line. In: a report; out: its line with "\n". Text from strangers is cleaned once more, because
 * people look at such files with a terminal.
 */
import { type DropReport, printable } from "../../core/plugin/index.ts";
import { gkeEntry } from "./gke-entry.ts";

export type ToLine = (report: DropReport) => string;

export const lineFormats: Readonly<Record<"droplens" | "gke", ToLine>> = {
  droplens: (report) => jsonLine(droplensEntry(report)),
  gke: (report) => jsonLine(gkeEntry(report)),
};

/** The packet's fields as `droplens parse` has them, and what is known of both ends and of the repeats. */
function droplensEntry({ drop, source, destination, count, firstMillis, lastMillis, repeat }: DropReport): object {
  const firstTime = new Date(firstMillis).toISOString();
  const lastTime = new Date(lastMillis).toISOString();
  return { ...drop, source, destination, count, firstTime, lastTime, repeat };
}

function jsonLine(entry: object): string {
  return `${JSON.stringify(entry, clean)}\n`;
}

const maxTextBytes = 1024;

function clean(_key: string, value: unknown): unknown {
  return typeof value === "string" ? printable(value, maxTextBytes) : value;
}
