/** Lets a plain LineParser work on chunks: the slow, simple way in. Wrapped around it by the pipeline. */
import type { ChunkParser, DropCollector, LineParser, ParseResult, Parser } from "../plugin/parser.ts";

export function chunkParser(parser: Parser): ChunkParser {
  return "scan" in parser ? parser : scanByLine(parser);
}

function scanByLine(parser: LineParser): ChunkParser {
  return {
    scan(bytes, drops) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let start = 0; start < buffer.length; ) {
        const newline = buffer.indexOf(10, start);
        const end = newline < 0 ? buffer.length : newline;
        scanLine(parser, buffer.subarray(start, end), drops);
        start = end + 1;
      }
    },
  };
}

/** One line that a parser cannot bear shall not end the reading: after a restart it would come again. */
function parsed(parser: LineParser, line: string): ParseResult {
  try {
    const result: ParseResult | undefined = parser.parseLine(line);
    return result?.kind === undefined ? { kind: "malformed", reason: "parser_no_result" } : result;
  } catch {
    return { kind: "malformed", reason: "parser_threw" };
  }
}

function scanLine(parser: LineParser, line: Buffer, drops: DropCollector): void {
  const result = parsed(parser, line.toString("utf8"));
  if (result.kind === "malformed") drops.malformed(result.reason, line);
  else if (result.kind === "other-line" && result.reason !== undefined) drops.otherLine(result.reason, line);
  if (result.kind !== "drop") return;
  const timeMillis = Date.parse(result.drop.time);
  if (Number.isNaN(timeMillis)) drops.malformed("time", line);
  else if (!drops.flow.fill(result.drop)) drops.malformed("address", line);
  else if (!drops.repeat(timeMillis)) drops.first(result.drop);
}
