/**
 * Ten million damaged kernel lines, in each framing, through the plugin's own entry: nothing thrown, nothing that holds
 * up the process, and of each line what a second, slow parser says that was written from the notes alone.
 */
import { describe, expect, it } from "vitest";
import { type DropCollector, FlowKey } from "../../core/plugin/index.ts";
import { makeParser, say, type TestParser, testNow } from "../../plugins/parser-iptables/testdata/parser-under-test.ts";
import { options } from "../../plugins/source-file/config.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { disagreement } from "./agreement.ts";
import { type LineGroup, realLines } from "./kernel-lines.ts";
import { below, mutated, type Random, randomBytes } from "./mutations.ts";
import { Slices } from "./slices.ts";

const linesPerChunk = 200;
const newline = Buffer.from("\n");

describe("damaged kernel lines", () => {
  it("are read as a slow, obviously right parser reads them, chunk by chunk, without a stall", () => {
    const trial = new Trial(seeded());
    const groups = realLines();
    const lines = tries({ long: 10_000_000, short: 500_000 });
    for (let done = 0; done < lines; done += linesPerChunk) {
      trial.chunk(groups[below(groups.length, trial.random)] as LineGroup);
    }
    trial.tell(lines);

    expect(trial.problems).toEqual([]);
    // Otherwise the trial has tried nothing.
    expect(trial.drops).toBeGreaterThan(lines / 10);
    expect(trial.slices.longestMillis).toBeLessThanOrEqual(50);
  });

  it.each([
    ["random bytes", (random: Random) => randomBytes(chunkBytes, random)],
    ["a line of 1 MB", (random: Random) => longLine(random)],
    ["line breaks", () => Buffer.alloc(chunkBytes, "\n")],
    ["one word, again and again", (random: Random) => repeated(random)],
    ["beginnings of messages", () => filled("kl-drop: IN= OUT=")],
    ["ends of messages", () => filled("IN= PROTO=")],
    ["prefixes that no packet follows", () => filled("kl-drop:")],
    ["the shortest JSON", () => filled('{"MESSAGE":"kl-drop: IN= OUT="}')],
    ["pieces of a line that never ends", () => filled("2026-11-20T19:56:43.1Z stdout P kl-drop:")],
  ])("%s are no drop, and hold nothing up", (name, make) => {
    const { slices, drops } = measured(make, tries({ long: 1_000, short: 30 }));
    tellFigures({ trial: `worst chunks: ${name}`, tries: slices.count, of: "chunks", lost: 0, note: slices.told() });

    expect(drops).toBe(0);
    expect(slices.longestMillis).toBeLessThanOrEqual(50);
  });

  it("hold nothing up when each claims to be repeated a million times, or lies in Docker's JSON", () => {
    const message =
      realLines()[0]
        ?.lines.find((line) => line.includes("kl-drop: IN=k"))
        ?.toString("latin1") ?? "";
    const folded = `Nov 20 19:56:42 vm kernel: message repeated 999999 times: [ ${message.slice(15)}]`;
    const docker = JSON.stringify({ log: `Nov 20 19:56:42 vm kernel: ${message}\n`, stream: "stdout" });
    const { slices, drops } = measured(
      (random) => filled(random() < 0.5 ? folded : docker),
      tries({ long: 500, short: 30 }),
    );
    tellFigures({
      trial: "worst chunks: lines that cost most",
      tries: slices.count,
      of: "chunks",
      lost: 0,
      note: slices.told(),
    });

    expect(drops).toBeGreaterThan(0);
    expect(slices.longestMillis).toBeLessThanOrEqual(50);
  });
});

/** What the source reads at once. */
const chunkBytes = options.parse({ path: "/log" }).readBytes;

function filled(line: string): Buffer {
  return Buffer.from(`${line}\n`.repeat(Math.floor(chunkBytes / (line.length + 1))));
}

/** Takes what it is told and keeps nothing: the parser is measured, not the test. */
class CountingCollector implements DropCollector {
  readonly flow = new FlowKey();
  drops = 0;
  repeat(): boolean {
    return false;
  }
  first(): void {
    this.drops++;
  }
  malformed(): void {}
  otherLine(): void {}
}

function measured(make: (random: Random) => Buffer, count: number): { slices: Slices; drops: number } {
  const random = seeded();
  const slices = new Slices();
  const collector = new CountingCollector();
  for (let i = 0; i < count; i++) {
    const bytes = make(random);
    for (const settings of [{}, { prefix: "kl-drop:" }]) {
      slices.measure(() => makeParser(settings).scan(bytes, collector));
    }
  }
  return { slices, drops: collector.drops };
}

class Trial {
  readonly random: Random;
  readonly slices = new Slices();
  readonly problems: string[] = [];
  drops = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** A chunk of damaged lines of one framing: each on its own, then all at once. */
  chunk(group: LineGroup): void {
    const lines = Array.from({ length: linesPerChunk }, () => this.#line(group));
    for (const line of lines) this.#compare(group.framing, line);
    const bytes = Buffer.concat(lines.flatMap((line) => [line, newline]));
    for (const settings of [{}, { prefix: ["kl-drop:", "klf-drop:"] }]) {
      this.slices.measure(() => makeParser(settings).scan(bytes, new CountingCollector()));
    }
  }

  #line({ lines }: LineGroup): Buffer {
    const one = () => lines[below(lines.length, this.random)] as Buffer;
    return mutated(one(), this.random, one());
  }

  #compare(framing: string, line: Buffer): void {
    const said = this.#parserOf(framing).parseBytes(line);
    if (said.kind === "drop") this.drops++;
    const problem = disagreement(line, said, testNow);
    if (problem === undefined || this.problems.length >= 20) return;
    this.problems.push(
      `${framing}: ${problem}\n  line   ${JSON.stringify(line.toString("latin1"))}\n  plugin ${say(said)}`,
    );
  }

  readonly #byFraming = new Map<string, TestParser>();

  #parserOf(framing: string): TestParser {
    const parser = this.#byFraming.get(framing) ?? makeParser();
    this.#byFraming.set(framing, parser);
    return parser;
  }

  tell(lines: number): void {
    tellFigures({
      trial: "mutated kernel lines in all framings",
      tries: lines,
      of: "lines",
      lost: this.problems.length,
      note: `${this.drops} still told as drops, ${this.slices.told()}`,
      peakRssMegabytes: Math.round(process.memoryUsage.rss() / 1e6),
    });
  }
}

function longLine(random: Random): Buffer {
  const line = randomBytes(256, random).toString("latin1");
  return Buffer.from(`Nov 20 19:56:42 vm kernel: kl-drop: IN=${line.repeat(4096)}\n`, "latin1");
}

const words = [
  "IN=",
  "IN= OUT= ",
  "kl-drop: ",
  "[SRC=",
  "message repeated 2 times: [",
  "kernel: ",
  '{"',
  "\\x5c",
  "OPT ( ",
];

function repeated(random: Random): Buffer {
  const word = words[below(words.length, random)] ?? "";
  return filled(`Nov 20 19:56:42 vm kernel: ${word.repeat(1000)}`);
}
