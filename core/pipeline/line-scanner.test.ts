import { expect, it } from "vitest";
import type { ParseResult } from "../plugin/parser.ts";
import { MemoryDrops } from "../testkit/memory-drops.ts";
import { chunkParser } from "./line-scanner.ts";

it("counts a line that the parser cannot bear, and reads on", () => {
  const answers: (() => unknown)[] = [
    () => {
      throw new Error("out of luck");
    },
    () => undefined,
    () => ({ kind: "malformed", reason: "time" }),
  ];
  const parser = chunkParser({ parseLine: () => answers.shift()?.() as ParseResult });
  const drops = new MemoryDrops();
  parser.scan(Buffer.from("one\ntwo\nthree\n"), drops);
  expect(drops.malformedReasons).toEqual(["parser_threw", "parser_no_result", "time"]);
});
