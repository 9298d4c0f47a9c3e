/** What became of every line and packet, for people, at the end of a replay or a demo. The numbers add up. */
import type { Pipeline } from "../pipeline/pipeline.ts";

export function summarize(pipeline: Pipeline): string {
  const { collector } = pipeline;
  const others = otherLines(pipeline);
  const lines = [
    `pipeline ${pipeline.name}`,
    row("lines read", pipeline.linesRead),
    row("lines matched", collector.matched),
    ...reasons("lines malformed", collector.malformedByReason),
    ...reasons("lines that only look alike", collector.otherLinesByReason),
    ...(others > 0 ? [row("lines of others", others)] : []),
    ...reasons("packets discarded", pipeline.discardedBeforeSinks()),
  ];
  for (const [sink, books] of pipeline.books) {
    lines.push(row(`packets delivered to ${sink}`, books.deliveredPackets));
    lines.push(...reasons(`packets discarded by ${sink}`, books.discardedByReason));
    const open = pipeline.openPackets(sink);
    if (open > 0) lines.push(row(`packets open for ${sink}`, open));
  }
  return `${lines.join("\n")}\n`;
}

/** Not a drop of ours and nothing like it: the rest of the log. */
function otherLines({ linesRead, collector }: Pipeline): number {
  const told = [...collector.malformedByReason.values(), ...collector.otherLinesByReason.values()];
  return told.reduce((left, count) => left - count, linesRead - collector.matched);
}

function row(what: string, count: number): string {
  return `  ${what.padEnd(44)} ${String(count).padStart(10)}`;
}

function reasons(what: string, counts: ReadonlyMap<string, number>): string[] {
  return [...counts].filter(([, count]) => count > 0).map(([reason, count]) => row(`${what}: ${reason}`, count));
}
