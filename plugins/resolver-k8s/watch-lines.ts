/**
 * Splits the body of a watch, chunks of any size, into its lines, a JSON document each: the bytes that hold a line are
 * handed over and may be used again after that. Called by the pod watch. One longer than `maxBytes` ends it with an error.
 */
import { asBuffer, PartialText } from "./partial-text.ts";

const newline = 0x0a;

export type OnText = (bytes: Buffer, start: number, end: number) => void;

export async function readWatchLines(body: AsyncIterable<Uint8Array>, maxBytes: number, onLine: OnText): Promise<void> {
  const begun = new PartialText(maxBytes, "a watch event");
  for await (const bytes of body) {
    const chunk = asBuffer(bytes);
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      if (begun.length > 0) {
        begun.add(chunk, start, end);
        const line = begun.take();
        onLine(line, 0, line.length);
      } else if (end > start) onLine(chunk, start, end);
      start = end + 1;
    }
    begun.add(chunk, start, chunk.length);
  }
  // A last line without its end was cut off: the event comes again with the next watch.
}
