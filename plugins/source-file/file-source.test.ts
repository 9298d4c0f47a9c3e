import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settle } from "../../core/testkit/fake-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { options } from "./config.ts";
import { FileSource } from "./file-source.ts";
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

function collect(written: object = {}): LineCollector {
  collector = new LineCollector({ path, ...written });
  return collector;
}

function source(written: object = {}): FileSource {
  return new FileSource(options.parse({ path, ...written }), testContext());
}

/** Files of the test's folder that this process has open. */
function openFiles(): string[] {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(folder));
}

describe("following a file", () => {
  it("reads what is there and what comes, whole lines only", async () => {
    writeFileSync(path, "one\ntwo\nthr");
    const reader = collect();
    await reader.waitForLines(2);
    appendFileSync(path, "ee\r\nfour\n");
    await reader.waitForLines(4);
    expect(reader.lines).toEqual(["one", "two", "three\r", "four"]);
  });

  it("notices new lines by file events long before the poll", async () => {
    writeFileSync(path, "one\n");
    const reader = collect({ pollInterval: "1h" });
    await reader.waitForLines(1);
    appendFileSync(path, "two\n");
    await reader.waitForLines(2);
    renameSync(path, `${path}.1`);
    appendFileSync(path, "three\n");
    await reader.waitForLines(3);
    expect(reader.source.status()).toMatchObject({ noticesBy: "events", files: [{ rotatedFiles: 1 }] });
  });

  it("reads through the same buffer however large the file is", async () => {
    const line = `${"x".repeat(99)}\n`;
    writeFileSync(path, line.repeat(20_000));
    const reader = collect({ readBytes: 64 * 1024, maxLineBytes: 1000 });
    await reader.waitForLines(20_000);
    expect(Math.max(...reader.chunks.map((chunk) => chunk.bytes))).toBeLessThanOrEqual(64 * 1024);
    expect(reader.chunks.length).toBeGreaterThan(25);
  });

  it("counts a line that is too long once, and reads on behind it", async () => {
    writeFileSync(path, `one\n${"x".repeat(300_000)}\ntwo\n${"y".repeat(300)}\nthree\n`);
    const reader = collect({ readBytes: 4096, maxLineBytes: 256 });
    await reader.waitForLines(3);
    expect(reader.lines).toEqual(["one", "two", "three"]);
    expect(reader.context.metrics.value("droplens_lines_skipped_total", { reason: "too-long" })).toBe(2);
    expect(reader.context.logger.messages("error")).toHaveLength(1);
  });

  it("passes over the hole that a writer without O_APPEND leaves after a truncation", async () => {
    writeFileSync(path, "one\n");
    const reader = collect();
    await reader.waitForLines(1);
    truncateSync(path, 0);
    truncateSync(path, 700_000);
    appendFileSync(path, "two\n");
    await reader.waitForLines(2);
    expect(reader.lines).toEqual(["one", "two"]);
    expect(reader.context.metrics.value("droplens_source_bytes_skipped_total", { reason: "hole" })).toBe(700_000);
  });

  it("says how far behind it is, while nobody asks for the next chunk", async () => {
    writeFileSync(path, "one\n".repeat(2000));
    const behind = source({ readBytes: 4096, maxLineBytes: 256 });
    const abort = new AbortController();
    const chunks = behind.read(undefined, abort.signal);
    const first = await chunks.next();
    appendFileSync(path, "more\n");
    expect(behind.lag()).toEqual([{ part: path, offset: 4096, lagBytes: 8005 - 4096 }]);
    expect(first.done).toBe(false);
    abort.abort();
    expect((await chunks.next()).done).toBe(true);
  });

  it("leaves nothing open when it is stopped, and may be stopped at any time", async () => {
    const idle = source();
    await idle.stop();
    const writer = new LogWriter(path);
    const reader = collect({ pollInterval: "1h" });
    writer.write(1);
    await reader.waitForLines(1);
    writer.close();
    expect(openFiles()).toEqual([path]);
    const watchers = () => process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap").length;
    expect(watchers()).toBeGreaterThan(0);
    await reader.stop();
    await reader.source.stop();
    // A closed watcher is taken from the list on the next turn.
    await settle();
    expect(openFiles()).toEqual([]);
    expect(watchers()).toBe(0);
  });
});

describe("several files", () => {
  it("takes turns, so that a small file need not wait for a large one", async () => {
    writeFileSync(path, "large\n".repeat(20_000));
    writeFileSync(join(folder, "small.log"), "small\n".repeat(3));
    const reader = collect({ path: [path, join(folder, "small.log")], readBytes: 4096, maxLineBytes: 256 });
    await reader.waitForLines(20_003);
    expect(reader.chunks.findIndex((chunk) => chunk.firstLine === "small")).toBe(1);
  });

  it("goes on in each at its own place", async () => {
    const other = join(folder, "other.log");
    writeFileSync(path, "a1\n");
    writeFileSync(other, "b1\n");
    const first = collect({ path: [path, other] });
    await first.waitForLines(2);
    const resume = await first.stop();
    appendFileSync(path, "a2\n");
    appendFileSync(other, "b2\n");
    collector = new LineCollector({ path: [path, other] }, resume);
    await collector.waitForLines(2);
    expect([...collector.lines].sort()).toEqual(["a2", "b2"]);
  });

  it("reads new matches of a glob, not their rotated and compressed files", async () => {
    writeFileSync(join(folder, "a.log"), "a1\n");
    writeFileSync(join(folder, "a.log.1"), "old\n");
    writeFileSync(join(folder, "a.log.2.gz"), "older\n");
    mkdirSync(join(folder, "sub.log"));
    const reader = collect({ path: join(folder, "*.log*") });
    await reader.waitForLines(1);
    writeFileSync(join(folder, "b.log"), "b1\n");
    await reader.waitForLines(2);
    renameSync(join(folder, "a.log"), join(folder, "a.log.1"));
    writeFileSync(join(folder, "a.log"), "a2\n");
    await reader.waitForLines(3);
    await reader.polls();
    expect(reader.lines).toEqual(["a1", "b1", "a2"]);
    expect(reader.source.problems()).toEqual([]);
  });

  it("lets a match go that is gone for more than a minute, with its last line", async () => {
    writeFileSync(path, "one\ntwo");
    writeFileSync(join(folder, "b.log"), "");
    const reader = collect({ path: join(folder, "*.log") });
    await reader.waitForLines(1);
    rmSync(path);
    await reader.polls();
    expect(reader.source.problems()).toEqual([]);
    expect(openFiles()).toHaveLength(2);
    reader.context.clock.moveOn(120_000);
    await reader.waitForLines(2);
    await reader.waitFor(() => openFiles().length === 1);
    expect(reader.lines).toEqual(["one", "two"]);
  });

  it("finds files in folders that come later, with **", async () => {
    const reader = collect({ path: join(folder, "**/*.log") });
    await reader.polls(1);
    expect(reader.source.problems()).toEqual([expect.stringContaining("no file matches")]);
    mkdirSync(join(folder, "x", "y"), { recursive: true });
    writeFileSync(join(folder, "x", "y", "z.log"), "deep\n");
    await reader.waitForLines(1);
    expect(reader.source.problems()).toEqual([]);
  });

  it("reads a file once that matches under two names", async () => {
    writeFileSync(path, "one\n");
    symlinkSync("app.log", join(folder, "link.log"));
    linkSync(path, join(folder, "same.log"));
    const reader = collect({ path: [path, join(folder, "*.log")] });
    await reader.waitForLines(1);
    await reader.polls();
    expect(reader.lines).toEqual(["one"]);
  });
});

describe("what cannot be read", () => {
  it("waits for a file that is missing, says so, and reads it when it comes", async () => {
    const missing = source();
    await missing.start();
    const reader = collect({ path: join(folder, "later", "app.log") });
    await reader.waitFor(() => reader.source.problems().length > 0);
    expect(reader.source.problems()[0]).toContain(
      `${folder}/later does not exist: is the directory of the log mounted`,
    );
    expect(reader.context.logger.messages("warn")).toHaveLength(1);
    expect(reader.source.lag()).toEqual([]); // 0 would say that it is read
    mkdirSync(join(folder, "later"));
    writeFileSync(join(folder, "later", "app.log"), "here\n");
    await reader.waitForLines(1);
    expect(reader.source.problems()).toEqual([]);
  });

  it("names the target of a link that leads nowhere", async () => {
    symlinkSync("/nowhere/app.log", path);
    const [finding] = await source().check();
    expect(finding?.problem).toContain("symbolic link to /nowhere/app.log, which does not exist");
  });

  it("refuses a directory and names what is in it", async () => {
    writeFileSync(join(folder, "iptables.log"), "");
    await expect(source({ path: folder }).start()).rejects.toThrow(
      `${folder} is a directory (it holds iptables.log): name the log file in it`,
    );
  });

  it("refuses a pipe without opening it", async () => {
    execFileSync("mkfifo", [path]);
    await expect(source().start()).rejects.toThrow("is not a regular file (a pipe, socket or device)");
    expect(await source().check()).toEqual([{ ok: false, what: `read ${path}`, problem: expect.any(String) }]);
  });

  it("goes on when a directory has made room for the file", async () => {
    mkdirSync(path);
    const reader = collect();
    await reader.waitFor(() => reader.source.problems().length > 0);
    expect(reader.source.problems()[0]).toContain("is a directory (it is empty)");
    rmSync(path, { recursive: true });
    writeFileSync(path, "one\n");
    await reader.waitForLines(1);
    expect(reader.source.problems()).toEqual([]);
  });

  it("says who may read a file that it may not, and goes on when that is mended", async () => {
    const isRoot = process.geteuid?.() === 0;
    writeFileSync(path, "one\n");
    chmodSync(path, 0o200);
    // Without the right to list the folder there are no file events either.
    chmodSync(folder, 0o311);
    // Root may read anything, so it becomes somebody else for the length of this test.
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(source().start()).rejects.toThrow(
        /cannot read .*app.log \(EACCES\): it has mode 0200, user \d+, group/,
      );
      await expect(source().start()).rejects.toThrow(/supplementalGroups/);
      const reader = collect();
      await reader.waitFor(() => reader.source.problems().length > 0);
      await reader.polls();
      const warnings = reader.context.logger.messages("warn");
      expect(warnings.filter((message) => message.includes("no file events for this folder"))).toHaveLength(1);
      expect(warnings.filter((message) => message.includes("cannot read"))).toHaveLength(1);
      reader.context.clock.moveOn(61_000);
      await reader.polls();
      expect(reader.context.logger.messages("warn").filter((one) => one.includes("cannot read"))).toHaveLength(2);
      if (isRoot) process.seteuid?.(0);
      chmodSync(path, 0o644);
      await reader.waitForLines(1);
      expect(reader.source.problems()).toEqual([]);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(folder, 0o755);
    }
  });
});

describe("until: end", () => {
  it("reads each file whole in the order given, and a last line without its newline, then ends", async () => {
    const other = join(folder, "a-second.log");
    writeFileSync(path, "one\ntwo");
    writeFileSync(other, "three\n");
    writeFileSync(`${path}.1`, "rotated\n");
    const reader = collect({ path: [path, other], until: "end" });
    expect(await reader.ended()).toEqual(["one", "two", "three"]);
    expect(reader.source.status()).toMatchObject({ bytesRead: 13, bytesTotal: 13 });
    expect(openFiles()).toEqual([]);
  });

  it("goes on from a place, without reading anything twice", async () => {
    writeFileSync(path, "one\n".repeat(3000));
    const first = new LineCollector({ path, until: "end", readBytes: 4096, maxLineBytes: 256 });
    await first.waitFor(() => first.chunks.length > 0);
    const resume = await first.stop();
    const second = collect({ until: "end" });
    await second.ended();
    const rest = new LineCollector({ path, until: "end" }, resume);
    expect(first.lines.length + (await rest.ended()).length).toBe(3000);
    expect(second.lines).toHaveLength(3000);
  });

  it("does not start when a file is missing", async () => {
    await expect(source({ until: "end" }).start()).rejects.toThrow(`${path} does not exist`);
    await expect(source({ path: `${folder}/*.log`, until: "end" }).start()).rejects.toThrow("no file matches");
  });
});

describe("the options", () => {
  it("take one path or several, and durations with a unit", () => {
    expect(options.parse({ path: "/a" })).toMatchObject({ path: ["/a"], pollInterval: 5000, maxLineBytes: 65_536 });
    expect(options.safeParse({ path: ["/a"], pollInterval: 5 }).success).toBe(false);
    expect(options.safeParse({ path: [] }).success).toBe(false);
    expect(options.safeParse({ pth: "/a" }).success).toBe(false);
  });
});
