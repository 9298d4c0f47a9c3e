/** `droplens replay` under measurement, and what its summary says became of every packet. Called by the works. */
import type { FinishedRun } from "./run-to-end.ts";
import { type PipelineConfig, writeConfig } from "./running-droplens.ts";
import type { Stage } from "./stage.ts";

export function replay(stage: Stage, file: string, config: Omit<PipelineConfig, "log">): Promise<FinishedRun> {
  const path = writeConfig(stage, { log: file, ...config });
  return stage.run([process.execPath, stage.options.program, "replay", "--config", path, file]);
}

export interface Books {
  readonly matched: number;
  readonly delivered: number;
  /** By reason, those before the sinks and the sink's own. */
  readonly discarded: ReadonlyMap<string, number>;
  readonly missing: number;
}

/** Reads the summary of a replay with one sink. */
export function booksOf(summary: string): Books {
  const rows = [...summary.matchAll(/^ {2}(\S.*\S) +(\d+)$/gm)].map(
    ([, what = "", count]) => [what, Number(count)] as const,
  );
  const countOf = (start: string) => rows.filter(([what]) => what.startsWith(start)).reduce((sum, [, n]) => sum + n, 0);
  const discards = rows.filter(([what]) => what.startsWith("packets discarded"));
  const discarded = new Map(discards.map(([what, count]) => [what.slice(what.lastIndexOf(": ") + 2), count]));
  const matched = countOf("lines matched");
  const delivered = countOf("packets delivered");
  const missing = matched - delivered - countOf("packets discarded") - countOf("packets open");
  return { matched, delivered, discarded, missing };
}

export function booksText({ matched, delivered, discarded, missing }: Books): string {
  const reasons = [...discarded].map(([reason, count]) => `${count.toLocaleString("en-US")} ${reason}`).join(", ");
  const number = (count: number) => count.toLocaleString("en-US");
  return `${number(matched)} matched = ${number(delivered)} delivered + discarded (${reasons || "none"}); ${number(missing)} missing`;
}
