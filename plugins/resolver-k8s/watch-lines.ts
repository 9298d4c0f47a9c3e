/**
 * Splits the body of a watch, chunks of any size, into its lines, a JSON document each. Called by the pod watch.
 * One line at a time is in memory; one longer than `maxBytes` ends it with an error.
 */
import { WatchFailure } from "./watch-failure.ts";

const newline = 0x0a;

export async function* watchLines(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = jsonText(parts, chunk.subarray(start, end));
      parts = [];
      held = 0;
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start === chunk.length) continue;
    held += chunk.length - start;
    if (held > maxBytes) throw new WatchFailure("bad_line", `a watch event is longer than ${maxBytes} bytes`);
    parts.push(chunk.subarray(start));
  }
  // A last line without its end was cut off: the event comes again with the next watch.
}

/** The parts' text; without a copy where the last one is all. */
export function jsonText(parts: readonly Uint8Array[], last: Uint8Array): string {
  if (parts.length === 0) return Buffer.from(last.buffer, last.byteOffset, last.byteLength).toString("utf8");
  return Buffer.concat([...parts, last]).toString("utf8");
}
