/** The behaviour of a source, as core/plugin/source.ts promises it: in comes a subject, out come checks for any runner. */
import assert from "node:assert/strict";
import type { Chunk, JsonValue, Source } from "../plugin/source.ts";
import type { Check, Partner, Subject } from "./check.ts";
import { abortedAfter, lifecycleChecks } from "./lifecycle-checks.ts";
import { type Staged, started } from "./stage.ts";
import { within } from "./within.ts";

/** A source, and how to make what it reads. */
export interface SourceSubject extends Subject<"source", SourcePartner> {
  /** False for a source that cannot go back, like a pipe. Default: true. */
  readonly resumable?: boolean;
}

/** What a source reads: a folder of files, a pipe. */
export interface SourcePartner extends Partner {
  /** Puts lines, each with its "\n", where the source reads. */
  write(...lines: readonly string[]): void | Promise<void>;
  /** What was written of a line that came, for a source that puts a time or a record around it. Default: all of it. */
  textOf?(line: string): string;
}

type OnStage = Staged<"source", SourcePartner>;

/** @example for (const { name, run } of sourceChecks({ definition, startPartner: makeFolder })) it(name, run); */
export function sourceChecks(subject: SourceSubject): readonly Check[] {
  const check = (name: string, act: (stage: OnStage) => Promise<void>): Check => ({
    name,
    run: () => started(subject, act),
  });
  const resuming = [
    check("goes on behind the last chunk that was kept", goesOn),
    check("begins from the beginning when the place makes no sense", beginsAnew),
  ];
  return [
    ...lifecycleChecks(subject, "source"),
    check("hands over every line, whole and in order", handsOver),
    check("hands over lines that are written while it reads", handsOverLater),
    check("returns when it is aborted while nothing comes", returnsWhenAborted),
    check("hands over nothing when it is aborted already", abortedBefore),
    check("ends when the pipeline wants no more", endsEarly),
    check("tells its lag at any time", tellsLag),
    ...(subject.resumable === false ? [] : resuming),
  ];
}

const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i} ${"é".repeat((from + i) % 50)}`);

type Reader = Pick<OnStage, "instance" | "partner">;

interface Reading {
  readonly lines: string[];
  /** The places of all chunks, as a checkpoint brings them back. */
  readonly places: JsonValue[];
}

/** Reads until `count` lines have come, and overwrites each chunk as soon as its lines are taken. */
async function read({ instance, partner }: Reader, count: number, resume?: JsonValue): Promise<Reading> {
  const reading: Reading = { lines: [], places: [] };
  const work = async () => {
    for await (const chunk of instance.read(resume, abortedAfter(limitMillis, new Error("no more lines came")))) {
      takeLines(chunk, reading);
      if (reading.lines.length >= count) break;
    }
  };
  await within("reading", work());
  const { textOf = (line) => line } = partner;
  return { ...reading, lines: reading.lines.map(textOf) };
}

/** Less than the wait of `within`, so that the lines that did come are told. */
const limitMillis = 3000;

function takeLines({ bytes, resume }: Chunk, reading: Reading): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  assert.ok(text.endsWith("\n"), "a chunk ends with a whole line");
  reading.lines.push(...text.slice(0, -1).split("\n"));
  const place: JsonValue = JSON.parse(JSON.stringify(resume ?? null));
  assert.deepEqual(place, resume ?? null, "resume is to survive JSON");
  reading.places.push(place);
}

async function handsOver(stage: OnStage): Promise<void> {
  const written = lines(0, 2000);
  await stage.partner.write(...written);
  assert.deepEqual((await read(stage, written.length)).lines, written);
}

async function handsOverLater(stage: OnStage): Promise<void> {
  await stage.partner.write(...lines(0, 10));
  const reading = read(stage, 30);
  for (const from of [10, 20]) await stage.partner.write(...lines(from, from + 10));
  assert.deepEqual((await reading).lines, lines(0, 30));
}

async function returnsWhenAborted({ instance }: OnStage): Promise<void> {
  assert.deepEqual(await collect(instance, abortedAfter(50, new Error("the process is to end"))), []);
}

async function abortedBefore({ instance, partner }: OnStage): Promise<void> {
  await partner.write(...lines(0, 10));
  assert.deepEqual(await collect(instance, AbortSignal.abort(new Error("the process is to end"))), []);
}

async function collect(source: Source, signal: AbortSignal): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  const work = async () => {
    for await (const chunk of source.read(undefined, signal)) chunks.push(chunk);
  };
  await within("reading", work());
  return chunks;
}

async function endsEarly({ instance, partner, signal }: OnStage): Promise<void> {
  await partner.write(...lines(0, 10));
  const iterator = instance.read(undefined, signal)[Symbol.asyncIterator]();
  await within("the first chunk", iterator.next());
  await within("return", iterator.return?.());
}

async function tellsLag({ instance, partner }: OnStage): Promise<void> {
  const look = () => {
    for (const { part, offset, lagBytes } of instance.lag?.() ?? []) {
      assert.ok(part.length > 0 && offset >= 0 && lagBytes >= 0, `no proper lag: ${part} ${offset} ${lagBytes}`);
    }
  };
  look();
  await partner.write(...lines(0, 10));
  await read({ instance, partner }, 10);
  look();
}

async function goesOn({ instance, partner, another, signal }: OnStage): Promise<void> {
  await partner.write(...lines(0, 10));
  const first = await read({ instance, partner }, 10);
  await within("stop", instance.stop?.(signal));
  await partner.write(...lines(10, 20));
  const next = another();
  await within("start", next.start?.(signal));
  const rest = await read({ instance: next, partner }, 10, first.places.at(-1));
  assert.deepEqual(rest.lines, lines(10, 20), "lines after the kept place");
}

async function beginsAnew({ instance, partner }: OnStage): Promise<void> {
  await partner.write(...lines(0, 10));
  const { lines: come } = await read({ instance, partner }, 10, { noSuchPlace: [1, "two", null] });
  assert.deepEqual(come, lines(0, 10));
}
