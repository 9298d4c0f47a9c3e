import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { JsonValue } from "../../core/plugin/index.ts";
import { realClock } from "../../core/real-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { JournaldSource } from "./journald-source.ts";
import { fakeJournalctl, Journal } from "./testdata/journal.ts";

const hour = 3_600_000;

function made(options: { command?: string[]; directory?: string } = {}) {
  const journal = new Journal();
  onTestFinished(() => journal.remove());
  const context = testContext({ clock: realClock, environment: { PATH: process.env.PATH } });
  const defaults = { command: fakeJournalctl, directory: journal.folder, since: hour };
  return { journal, context, source: new JournaldSource({ ...defaults, ...options }, context) };
}

type Made = ReturnType<typeof made>;

/** Messages until `count` have come, and the place behind them. */
async function take({ source }: Made, count: number, resume?: JsonValue) {
  const stop = new AbortController();
  const messages: unknown[] = [];
  let place: JsonValue = null;
  for await (const { bytes, resume: next } of source.read(resume, stop.signal)) {
    const lines = Buffer.from(bytes).toString().trimEnd().split("\n");
    messages.push(...lines.map((line) => JSON.parse(line).MESSAGE));
    place = next;
    if (messages.length >= count) stop.abort();
  }
  return { messages, place };
}

async function failure({ source }: Made): Promise<Error & { retryable?: boolean }> {
  try {
    for await (const _ of source.read(undefined, AbortSignal.timeout(5000)));
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}

describe("source-journald", () => {
  it("hands over what the kernel wrote, as journalctl prints it, and nothing else", async () => {
    const room = made();
    room.journal.write("one");
    room.journal.write("calico-drop: IN=eth0 forged", { _TRANSPORT: "syslog" });
    room.journal.write([107, 195, 40]);
    expect((await take(room, 2)).messages).toEqual(["one", [107, 195, 40]]);
  });

  it("goes on behind the cursor that the checkpoint holds", async () => {
    const room = made();
    for (const message of ["one", "two"]) room.journal.write(message);
    const { place } = await take(room, 2);
    expect(place).toMatch(/^s=.*;i=2;b=/);
    room.journal.write("three");
    expect((await take(room, 1, place)).messages).toEqual(["three"]);
  });

  it("reads only as far back as `since` without a checkpoint", async () => {
    const room = made();
    room.journal.write("old", { __REALTIME_TIMESTAMP: String((Date.now() - 2 * hour) * 1000) });
    room.journal.write("new");
    expect((await take(room, 1)).messages).toEqual(["new"]);
  });

  it.each([
    { name: "no cursor", place: "--output=export" },
    { name: "a cursor that journalctl does not take", place: "x=1;i=2" },
  ])("reads from `since` on when the checkpoint is $name", async ({ place }) => {
    const room = made();
    room.journal.write("one");
    if (place.startsWith("x=")) await expect(take(room, 1, place)).rejects.toThrow("Failed to seek to cursor");
    expect((await take(room, 1, place)).messages).toEqual(["one"]);
    expect(room.context.logger.messages("warn")).toContainEqual(expect.stringContaining("no place in a journal"));
  });

  it("is read again when journalctl ends, and says how it ended meanwhile", async () => {
    const room = made();
    const folder = join(room.journal.folder, "once");
    mkdirSync(folder);
    const script = join(folder, "ends.mjs");
    writeFileSync(script, "console.error('Bus error'); process.exit(process.argv.includes('--follow') ? 7 : 0)");
    const ending = made({ command: [process.execPath, script] });
    const error = await failure(ending);
    expect(error).toMatchObject({ retryable: true, message: "journalctl ended (exit code 7): Bus error" });
    expect(ending.source.problems()).toContain("journalctl ended (exit code 7): Bus error");
  });

  it("says of a journal without a record which folder to mount, and is ready when one of this start comes", async () => {
    const room = made();
    const chunks = room.source.read(undefined, AbortSignal.timeout(10_000));
    const first = chunks.next();
    while (room.source.problems().length === 0) await sleep(5);
    expect(room.source.problems()).toEqual([
      `the journal in ${room.journal.folder} has no record: mount the node's /var/log/journal, or /run/log/journal where it is volatile`,
    ]);
    room.journal.write("one");
    expect((await first).done).toBe(false);
    expect(room.source.problems()).toEqual([]);
    await chunks.return();
  });

  it("says of another machine's journal whose it is", async () => {
    const room = made();
    const time = Date.parse("2026-11-01T12:00:00Z");
    const old = { _BOOT_ID: "0".repeat(32), _HOSTNAME: "node-\u001b[31m7", __REALTIME_TIMESTAMP: String(time * 1000) };
    room.journal.write("one", old);
    expect(await room.source.check(AbortSignal.timeout(5000))).toEqual([
      {
        ok: false,
        what: `read the journal in ${room.journal.folder}`,
        problem: expect.stringContaining(
          "is of another machine, or of an earlier start: its last record is of 2026-11-01T12:00:00.000Z, host node-�[31m7. Is it this node's?",
        ),
      },
    ]);
  });

  it.each([
    { what: "that is not there", path: "nowhere", says: "is not there: mount the node's /var/log/journal" },
    { what: "that is a file", path: "file", says: "is no folder: name the one that holds the journal's files" },
  ])("waits for a folder $what, and says so", async ({ path, says }) => {
    const room = made();
    const directory = join(room.journal.folder, path);
    if (path === "file") writeFileSync(directory, "");
    const other = made({ directory });
    expect(await failure(other)).toMatchObject({
      retryable: true,
      message: expect.stringContaining(`${directory} ${says}`),
    });
    expect(other.source.problems()[0]).toContain(says);
  });

  it("cannot start where there is no journalctl, and says which image has it", async () => {
    const { source } = made({ command: ["no-such-journalctl"] });
    const says = "cannot start no-such-journalctl (ENOENT): it is not in this image: use the one with journalctl";
    await expect(source.start(AbortSignal.timeout(5000))).rejects.toThrow(says);
    expect(await source.check(AbortSignal.timeout(5000))).toMatchObject([
      { ok: false, problem: expect.stringContaining(says) },
    ]);
  });

  it("ends a journalctl that does not end by itself", async () => {
    const room = made();
    const script = join(room.journal.folder, "stubborn.mjs");
    writeFileSync(script, "process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)");
    chmodSync(script, 0o755);
    const stop = new AbortController();
    const starting = made({ command: [process.execPath, script] }).source.start(stop.signal);
    setTimeout(() => stop.abort(), 300);
    await expect(starting).rejects.toThrow();
    rmSync(script);
  });
});
