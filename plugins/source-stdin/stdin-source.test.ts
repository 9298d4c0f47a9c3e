/** A pipe of this process stands for stdin; test/pipes.test.ts has the real one. */
import { createReadStream } from "node:fs";
import { PassThrough, type Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { settle } from "../../core/testkit/fake-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { StdinSource } from "./stdin-source.ts";

function made(input: Readable, maxLineBytes = 64 * 1024) {
  const context = testContext();
  const stop = new AbortController();
  const source = new StdinSource({ maxLineBytes }, context, () => input);
  return { context, source, stop };
}

async function readAll(source: StdinSource, signal: AbortSignal): Promise<string[]> {
  const chunks: string[] = [];
  for await (const { bytes, resume } of source.read(undefined, signal)) {
    expect(resume).toBeNull();
    chunks.push(Buffer.from(bytes).toString());
  }
  return chunks;
}

describe("source-stdin", () => {
  it("ends with its input, the last line with or without its newline", async () => {
    const input = new PassThrough();
    const { source, stop } = made(input);
    input.write("one\ntwo\nth");
    input.end("ree");
    expect((await readAll(source, stop.signal)).join("")).toBe("one\ntwo\nthree");
    expect(source.status()).toEqual({ ended: true, tooLongLines: 0 });
  });

  it("hands over a line as soon as it is there", async () => {
    const input = new PassThrough();
    const { source, stop } = made(input);
    const chunks = source.read(undefined, stop.signal);
    const next = chunks.next();
    input.write("one\ntw");
    expect(Buffer.from((await next).value?.bytes ?? []).toString()).toBe("one\n");
    const more = chunks.next();
    input.write("o\n");
    expect(Buffer.from((await more).value?.bytes ?? []).toString()).toBe("two\n");
    stop.abort();
    expect(await chunks.next()).toEqual({ value: undefined, done: true });
  });

  it("reads no further than its buffer while nobody asks", async () => {
    let given = 0;
    const endless = new PassThrough();
    const feed = () => {
      while (given < 1000 && endless.write(`${"x".repeat(4095)}\n`)) given++;
    };
    endless.on("drain", feed);
    feed();
    const { source, stop } = made(endless);
    const chunks = source.read(undefined, stop.signal);
    await chunks.next();
    for (let i = 0; i < 20; i++) await settle();
    const whileNobodyAsks = given;
    expect(whileNobodyAsks).toBeLessThan(100);
    for (let i = 0; i < 50; i++) await chunks.next();
    expect(given).toBeGreaterThan(whileNobodyAsks);
    stop.abort();
    await chunks.return();
  });

  it("at a stop hands over the whole lines that it has taken, and leaves the rest to who reads next", async () => {
    const input = new PassThrough();
    const { source, stop } = made(input);
    const chunks = source.read(undefined, stop.signal);
    const first = chunks.next();
    input.write("one\n");
    await first;
    input.write("two\nthr");
    stop.abort();
    const rest: string[] = [];
    for await (const { bytes } of chunks) rest.push(Buffer.from(bytes).toString());
    expect(rest).toEqual(["two\n"]);
    input.end("ee\n");
    expect(await readAll(source, new AbortController().signal)).toEqual(["three\n"]);
  });

  it("leaves a too long line out, counts it and says so once a minute", async () => {
    const input = new PassThrough();
    const { source, stop, context } = made(input, 256);
    input.end(`a\n${"x".repeat(300)}\nb\n${"y".repeat(1000)}\nc\n`);
    expect((await readAll(source, stop.signal)).join("")).toBe("a\nb\nc\n");
    expect(context.metrics.value("droplens_lines_skipped_total", { reason: "too-long" })).toBe(2);
    expect(context.logger.messages("error")).toHaveLength(1);
  });

  it("says of a folder that it is one, and does not try again", async () => {
    const { source, stop } = made(createReadStream(import.meta.dirname));
    const reading = readAll(source, stop.signal);
    await expect(reading).rejects.toThrow("cannot read stdin (EISDIR): it is a directory: give it a file or a pipe");
    await expect(reading).rejects.toMatchObject({ retryable: false });
  });

  it("does not touch stdin before it reads, nor after it is told to stop", async () => {
    const source = new StdinSource({ maxLineBytes: 256 }, testContext(), () => {
      throw new Error("touched");
    });
    expect(await source.check()).toMatchObject([{ ok: true }]);
    expect(await readAll(source, AbortSignal.abort())).toEqual([]);
  });
});
