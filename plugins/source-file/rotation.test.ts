import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LineCollector } from "./testdata/line-collector.ts";
import { LogWriter } from "./testdata/log-writer.ts";

let folder: string;
let path: string;
let collector: LineCollector | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "source-file-"));
  path = join(folder, "app.log");
});
afterEach(async () => {
  await collector?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Each way to rotate; `settles` when the reader must have caught up first, because the rest is lost by the mode's nature. */
const modes: readonly { name: string; rotate(writer: LogWriter): void | Promise<void> }[] = [
  { name: "rename and create", rotate: (writer) => writer.renameAndCreate() },
  {
    name: "rename, with the writer going on in the rotated file for a while",
    async rotate(writer) {
      writer.rename();
      writer.write(3);
      await delay(40);
      writer.write(2);
      writer.reopen();
    },
  },
  { name: "copytruncate", rotate: (writer) => writer.copyTruncate() },
  { name: "delete and recreate", rotate: (writer) => writer.recreate() },
];

describe.each(modes)("rotation by $name", ({ rotate }) => {
  it("loses and repeats nothing while lines are being written", async () => {
    const writer = new LogWriter(path);
    collector = new LineCollector({ path });
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 5; i++) {
        writer.write(20);
        await delay(1);
      }
      // Two rotations within a poll are another test's; here each is seen.
      await collector.waitForLines(writer.written.length);
      await rotate(writer);
      writer.write(7);
      await collector.waitForLines(writer.written.length);
    }
    expect(collector.lines).toEqual(writer.written);
    writer.close();
  });
});

describe("rotation while the reader is behind", () => {
  it.each([
    { name: "rename", rotate: (writer: LogWriter) => writer.renameAndCreate() },
    { name: "copytruncate", rotate: (writer: LogWriter) => writer.copyTruncate() },
  ])("finishes the rest of the file after $name, several times within a poll", async ({ rotate }) => {
    const writer = new LogWriter(path);
    writer.write(50);
    collector = new LineCollector({ path, pollInterval: "100ms" });
    await collector.waitForLines(50);
    for (let round = 0; round < 3; round++) {
      writer.write(200);
      rotate(writer);
      // The kernel's clock ticks every 4 ms: files rotated faster cannot be put in order by their times.
      await delay(6);
    }
    writer.write(5);
    await collector.waitForLines(writer.written.length);
    await collector.polls();
    expect(collector.lines).toEqual(writer.written);
    writer.close();
  });

  it("notices a truncated file that has already outgrown the old place", async () => {
    const writer = new LogWriter(path);
    writer.write(10);
    collector = new LineCollector({ path });
    await collector.waitForLines(10);
    writer.truncate();
    writer.write(500);
    await collector.waitForLines(510);
    expect(collector.lines).toEqual(writer.written);
    expect(collector.context.metrics.series()).toEqual([]);
    writer.close();
  });

  it("counts what was truncated before it was read, when there is no copy", async () => {
    const writer = new LogWriter(path);
    writer.write(10);
    collector = new LineCollector({ path });
    await collector.waitForLines(10);
    writer.raw("an unfinished line");
    await collector.waitFor(() => collector?.source.status().files?.toString() !== undefined);
    await collector.polls();
    writer.truncate();
    writer.write(1);
    await collector.waitForLines(11);
    expect(collector.lines).toEqual(writer.written);
    expect(collector.context.metrics.value("droplens_source_bytes_skipped_total", { reason: "truncated" })).toBe(18);
    writer.close();
  });
});

describe("the last line of a rotated file", () => {
  it("waits for its rest as long as the file may be written to", async () => {
    const writer = new LogWriter(path);
    collector = new LineCollector({ path });
    writer.write(2);
    const finish = writer.writePartly();
    await collector.waitForLines(2);
    writer.rename();
    await collector.polls();
    expect(collector.lines).toHaveLength(2);
    finish();
    writer.reopen();
    writer.write(1);
    await collector.waitForLines(4);
    expect(collector.lines).toEqual(writer.written);
    writer.close();
  });

  it("is handed over as it is when the writer has gone on to the new file", async () => {
    const writer = new LogWriter(path);
    collector = new LineCollector({ path });
    writer.write(1);
    await collector.waitForLines(1);
    writer.writePartly();
    writer.renameAndCreate();
    writer.write(1);
    await collector.waitForLines(3);
    expect(collector.lines).toEqual([writer.written[0], writer.written[2], writer.written[1]?.slice(0, 20)]);
    writer.close();
  });
});

describe("a path that is a symbolic link", () => {
  it("is followed when the link is swapped to another file", async () => {
    const first = new LogWriter(join(folder, "one.log"));
    symlinkSync("one.log", path);
    first.write(5);
    collector = new LineCollector({ path });
    await collector.waitForLines(5);
    first.write(5);
    const second = new LogWriter(join(folder, "two.log"));
    symlinkSync("two.log", join(folder, "next"));
    renameSync(join(folder, "next"), path);
    second.write(5);
    await collector.waitForLines(15);
    expect(collector.lines).toEqual([...first.written, ...second.written]);
    first.close();
    second.close();
  });

  it("is followed through two swaps within a poll", async () => {
    const linkTo = (name: string) => {
      symlinkSync(name, join(folder, "next"));
      renameSync(join(folder, "next"), path);
    };
    const names = ["app-20260101.log", "app-20260102.log", "app-20260103.log"];
    writeFileSync(join(folder, "app-20260101.log"), "one\n");
    linkTo("app-20260101.log");
    collector = new LineCollector({ path });
    await collector.waitForLines(1);
    for (const name of names) {
      await delay(6);
      appendFileSync(join(folder, name), `in ${name}\n`);
      linkTo(name);
    }
    await collector.waitForLines(4);
    expect(collector.lines).toEqual(["one", ...names.map((name) => `in ${name}`)]);
  });

  it("is followed through a swapped folder, as Kubernetes does with ..data", async () => {
    for (const name of ["..v1", "..v2"]) mkdirSync(join(folder, name));
    const first = new LogWriter(join(folder, "..v1", "app.log"));
    symlinkSync("..v1", join(folder, "..data"));
    symlinkSync("..data/app.log", path);
    first.write(5);
    collector = new LineCollector({ path });
    await collector.waitForLines(5);
    const second = new LogWriter(join(folder, "..v2", "app.log"));
    second.write(5);
    first.write(2);
    symlinkSync("..v2", join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    rmSync(join(folder, "..v1"), { recursive: true });
    await collector.waitForLines(12);
    expect(collector.lines).toEqual([...first.written, ...second.written]);
    first.close();
    second.close();
  });
});
