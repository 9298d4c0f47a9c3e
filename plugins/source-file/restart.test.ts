import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonValue } from "../../core/plugin/index.ts";
import { LineCollector } from "./testdata/line-collector.ts";
import { LogWriter } from "./testdata/log-writer.ts";

let folder: string;
let path: string;
let writer: LogWriter;
let collector: LineCollector | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "source-file-"));
  path = join(folder, "app.log");
  writer = new LogWriter(path);
});
afterEach(async () => {
  await collector?.stop();
  writer.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Reads what is there, stops, and gives back what was read and the place. */
async function readAndStop(written: object = {}): Promise<{ lines: readonly string[]; resume: JsonValue | undefined }> {
  const first = new LineCollector({ path, ...written });
  await first.waitForLines(writer.written.length);
  return { resume: await first.stop(), lines: first.lines };
}

async function expectAllFrom(before: { lines: readonly string[]; resume: JsonValue | undefined }): Promise<void> {
  const next = new LineCollector({ path }, before.resume);
  collector = next;
  await next.waitForLines(writer.written.length - before.lines.length);
  await next.polls();
  expect([...before.lines, ...next.lines]).toEqual(writer.written);
}

describe("after a restart", () => {
  it.each([
    { name: "nothing happened", async change() {} },
    {
      name: "lines were written",
      async change() {
        writer.write(20);
      },
    },
    {
      name: "the file was renamed and a new one created",
      async change() {
        writer.write(20);
        writer.renameAndCreate();
        writer.write(20);
      },
    },
    {
      name: "the file was rotated three times",
      async change() {
        for (let i = 0; i < 3; i++) {
          writer.write(20);
          writer.renameAndCreate();
          await delay(6);
        }
        writer.write(20);
      },
    },
    {
      name: "the file was copied and truncated",
      async change() {
        writer.write(20);
        writer.copyTruncate();
        writer.write(20);
      },
    },
    {
      name: "the file was copied and truncated three times",
      async change() {
        for (let i = 0; i < 3; i++) {
          writer.write(20);
          await delay(6);
          writer.copyTruncate();
          await delay(6);
        }
        writer.write(5);
      },
    },
    {
      name: "the file was read to its end, deleted and recreated",
      async change() {
        writer.recreate();
        writer.write(20);
      },
    },
    {
      name: "the file was truncated and has outgrown the old place",
      async change() {
        writer.truncate();
        writer.write(100);
      },
    },
  ])("every line comes once and in order when $name meanwhile", async ({ change }) => {
    writer.write(30);
    const before = await readAndStop();
    await change();
    await expectAllFrom(before);
  });

  it("the rest of a rotated file is read though its successor does not exist yet", async () => {
    writer.write(10);
    const before = await readAndStop();
    writer.write(10);
    writer.rename();
    collector = new LineCollector({ path }, before.resume);
    await collector.waitForLines(10);
    writer.reopen();
    writer.write(5);
    await collector.waitForLines(15);
    expect([...before.lines, ...collector.lines]).toEqual(writer.written);
  });

  it("every chunk's place goes on right behind it, through a rotation", async () => {
    writer.write(100);
    const first = new LineCollector({ path, readBytes: 4096, maxLineBytes: 300 });
    await first.waitForLines(100);
    writer.write(100);
    writer.renameAndCreate();
    writer.write(100);
    const places: { resume: JsonValue | undefined; lines: number }[] = [];
    await first.waitFor(() => {
      if (places.at(-1)?.lines !== first.lines.length) places.push({ resume: first.resume, lines: first.lines.length });
      return first.lines.length === 300;
    });
    await first.stop();
    for (const place of places) {
      const again = new LineCollector({ path }, place.resume);
      await again.waitForLines(300 - place.lines);
      await again.polls(1);
      await again.stop();
      expect(again.lines).toEqual(writer.written.slice(place.lines));
    }
    expect(places.length).toBeGreaterThan(1);
  });

  it("a new file with the inode number of the old one is read from its beginning", async () => {
    writer.write(10);
    const before = await readAndStop();
    // As if the inode had been given out again: ext4 does that at once, other file systems never.
    const resume = JSON.parse(JSON.stringify(before.resume).replace(/"hash":"[^"]*"/, '"hash":"of-another-file"'));
    collector = new LineCollector({ path }, resume);
    await collector.waitForLines(10);
    expect(collector.lines).toEqual(writer.written);
    expect(collector.context.logger.messages("warn").join()).toContain("gone");
  });

  it("a compressed predecessor is left alone", async () => {
    writer.write(10);
    const before = await readAndStop();
    writer.recreate();
    writeFileSync(`${path}.1.gz`, gzipSync(`${writer.written.join("\n")}\n`));
    writer.write(3);
    await expectAllFrom(before);
  });

  it("files that were compressed before they were read are counted, and told", async () => {
    writer.write(10);
    const before = await readAndStop();
    for (let file = 1; file <= 2; file++) {
      writer.write(5);
      await delay(6);
      writer.recreate();
      writeFileSync(`${path}.${file}.gz`, gzipSync(`rotated ${file}\n`));
    }
    writer.write(3);
    collector = new LineCollector({ path }, before.resume);
    await collector.waitForLines(3);
    // The rest of the one that was being read, and one that nobody has seen.
    expect(collector.context.metrics.value("droplens_source_files_unread_total")).toBe(2);
    expect(collector.context.logger.messages("error")).toEqual([expect.stringContaining("delaycompress")]);
  });

  it("a line that was too long and half skipped is skipped to its end", async () => {
    writer.write(2);
    writer.raw("x".repeat(5000));
    const first = new LineCollector({ path, readBytes: 4096, maxLineBytes: 300 });
    await first.waitFor(
      () => first.context.metrics.value("droplens_lines_skipped_total", { reason: "too-long" }) === 1,
    );
    writer.raw(`${"x".repeat(5000)}\n`);
    writer.write(1);
    await first.waitForLines(3);
    expect(first.lines).toEqual(writer.written);
    await first.stop();
  });

  it.each([
    { name: "of another shape", resume: { offset: 12 } },
    { name: "of a later version", resume: { version: 2, files: [] } },
    { name: "with a negative offset", resume: { version: 1, files: [{ path: "/x", offset: -1 }] } },
    { name: "that is a text", resume: "garbage" },
  ])("a checkpoint $name means from the beginning, and one log line", async ({ resume }) => {
    writer.write(3);
    collector = new LineCollector({ path }, resume);
    await collector.waitForLines(3);
    expect(collector.context.logger.messages("warn")).toEqual([
      "the checkpoint makes no sense: files are read from their beginning",
    ]);
  });
});

/** A small generator, so that a failing run can be repeated from its number. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("any mixture of writing, rotating, and restarting", () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
  it.each(seeds)("loses and repeats no line (number %i)", async (seed) => {
    const random = randomFrom(seed);
    const lines: string[] = [];
    writer.write(3);
    let reader = new LineCollector({ path, readBytes: 4096, maxLineBytes: 300 });
    // Without any checkpoint only the newest file would be read.
    await reader.waitForLines(3);
    const restart = async () => {
      const resume = await reader.stop();
      lines.push(...reader.lines);
      reader = new LineCollector({ path, readBytes: 4096, maxLineBytes: 300 }, resume);
    };
    let finishLine: (() => void) | undefined;
    const renaming = [
      () => writer.renameAndCreate(),
      async () => {
        writer.rename();
        writer.write(random(10));
        await delay(random(40));
        writer.reopen();
      },
    ];
    const steps = [
      () => writer.write(random(80)),
      () => writer.write(random(80)),
      () => {
        finishLine = writer.writePartly();
      },
      () => delay(random(30)),
      ...(seed % 2 === 0 ? renaming : [() => writer.copyTruncate()]),
      restart,
    ];
    for (let i = 0; i < 25; i++) {
      const step = steps[random(steps.length)];
      await delay(6);
      await step?.();
      finishLine?.();
      finishLine = undefined;
    }
    collector = reader;
    await reader.waitForLines(writer.written.length - lines.length);
    expect([...lines, ...reader.lines]).toEqual(writer.written);
  });
});
