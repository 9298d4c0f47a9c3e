import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../core/plugin/index.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { realMachine } from "./kmsg-device.ts";
import { KmsgSource } from "./kmsg-source.ts";
import { KernelLog } from "./testdata/kernel-log.ts";

const options = { path: "/dev/kmsg", pollInterval: 200 };
const overwritten = "droplens_kmsg_overwritten_records_total";

function made() {
  const context = testContext();
  const begin = context.clock.now();
  const log = new KernelLog(() => context.clock.now() - begin + 3_600_000);
  return { context, log, source: new KmsgSource(options, context, log) };
}

type Made = ReturnType<typeof made>;

/** What is there now, and the place behind it. */
async function readAll({ source, context }: Made, resume?: JsonValue): Promise<{ lines: string[]; place: JsonValue }> {
  const stop = new AbortController();
  let [text, place]: [string, JsonValue] = ["", null];
  const reading = (async () => {
    for await (const chunk of source.read(resume, stop.signal)) {
      text += Buffer.from(chunk.bytes).toString("latin1");
      place = chunk.resume;
    }
  })();
  await context.clock.advance(1);
  stop.abort();
  await reading;
  return { lines: text.split("\n").slice(0, -1), place };
}

const messages = (lines: readonly string[]) =>
  lines.map((line) => line.slice("2026-11-20T19:56:42.401765+00:00 ".length));

describe("source-kmsg", () => {
  it("hands over real records as lines of the kernel's", async () => {
    const room = made();
    const records = readFileSync(join(import.meta.dirname, "testdata/tcp4.kmsg"), "latin1")
      .trimEnd()
      .split("\n");
    for (const record of records) room.log.write(record.slice(record.indexOf(";") + 1));
    const { lines } = await readAll(room);
    expect(messages(lines)).toEqual(records.map((record) => `- kernel: ${record.slice(record.indexOf(";") + 1)}`));
    expect(lines[0]).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 - kernel: kl-drop: IN=klra0 OUT=klrb0 MAC=/,
    );
  });

  it("marks what a process wrote, whatever it says of itself", async () => {
    const room = made();
    room.log.write("kernel: calico-drop: IN=eth0 OUT= SRC=10.0.0.7 DST=10.0.0.9", 12);
    expect(messages((await readAll(room)).lines)).toEqual([
      "- process: kernel: calico-drop: IN=eth0 OUT= SRC=10.0.0.7 DST=10.0.0.9",
    ]);
  });

  it("undoes the kernel's escapes, but leaves a record one line", async () => {
    const room = made();
    room.log.write("\\xc3\\xa9 \\x5cx41 \\x1b[31m two\\x0alines\\x0d");
    const [line = ""] = messages((await readAll(room)).lines);
    expect(Buffer.from(line, "latin1").toString()).toBe("- kernel: é \\x41 \x1b[31m two\\x0alines\\x0d");
  });

  it("leaves out what is attached to a record", async () => {
    const room = made();
    room.log.write("usb 1-1: new device\n SUBSYSTEM=usb\n DEVICE=c189:2");
    expect(messages((await readAll(room)).lines)).toEqual(["- kernel: usb 1-1: new device"]);
  });

  it("goes on behind the checkpoint, and anew after a start of the machine", async () => {
    const room = made();
    for (const message of ["a", "b"]) room.log.write(message);
    const { place } = await readAll(room);
    expect(place).toEqual({ bootId: room.log.boot, sequence: 1 });
    room.log.write("c");
    expect(messages((await readAll(room, place)).lines)).toEqual(["- kernel: c"]);
    room.log.boot = "another";
    expect((await readAll(room, place)).lines).toHaveLength(3);
    expect(room.context.logger.messages("info")).toEqual([expect.stringContaining("started anew")]);
    expect(room.context.metrics.value(overwritten)).toBe(0);
  });

  it("counts what the kernel wrote over, while it read and while it did not", async () => {
    const room = made();
    room.log.capacity = 10;
    for (let i = 0; i < 5; i++) room.log.write(`record ${i}`);
    const { place } = await readAll(room);
    for (let i = 5; i < 40; i++) room.log.write(`record ${i}`);
    expect((await readAll(room, place)).lines).toHaveLength(10);
    expect(room.context.metrics.value(overwritten)).toBe(25);
    expect(room.context.logger.messages("error")).toEqual([expect.stringContaining("wrote over records")]);
    expect(room.source.status()).toEqual({ sequence: 39, overwrittenRecords: 25 });
  });

  it("says so of a gap in the midst of reading", async () => {
    const room = made();
    room.log.capacity = 3;
    const chunks = room.source.read(undefined, new AbortController().signal);
    room.log.write("a");
    await chunks.next();
    for (const message of ["b", "c", "d", "e", "f"]) room.log.write(message);
    const { value } = await chunks.next();
    expect(
      messages(
        Buffer.from(value?.bytes ?? [])
          .toString()
          .trimEnd()
          .split("\n"),
      ),
    ).toHaveLength(3);
    expect(room.context.metrics.value(overwritten)).toBe(2);
    await chunks.return();
    expect(room.log.opened).toBe(0);
  });

  it("hands over a chunk of 64 KiB at a time and reads no further", async () => {
    const room = made();
    for (let i = 0; i < 1000; i++) room.log.write("x".repeat(200));
    const chunks = room.source.read(undefined, new AbortController().signal);
    const { value } = await chunks.next();
    expect(value?.bytes.length).toBeLessThan(66_000);
    expect(room.source.status()).toMatchObject({ sequence: 268 });
    await chunks.return();
  });

  it("looks every 20 ms after a record, and seldom when all is quiet", async () => {
    const room = made();
    const chunks = room.source.read(undefined, new AbortController().signal);
    room.log.write("a");
    await chunks.next();
    const next = chunks.next();
    await room.context.clock.advance(0);
    room.log.write("b");
    await room.context.clock.advance(20);
    expect((await next).done).toBe(false);
    const later = chunks.next();
    for (let i = 0; i < 110; i++) await room.context.clock.advance(20);
    room.log.write("c");
    await room.context.clock.advance(200);
    expect((await later).done).toBe(false);
    await chunks.return();
  });

  it("gives no end to what is no kernel's log, and counts it", async () => {
    const room = made();
    room.log.open = () => ({ read: () => Buffer.alloc(100), close: () => {} });
    expect((await readAll(room)).lines).toEqual([]);
    expect(room.context.metrics.value("droplens_lines_skipped_total", { reason: "no-record" })).toBeGreaterThan(0);
    expect(room.context.logger.messages("error")).toEqual([expect.stringContaining("no record of the kernel's log")]);
  });

  it.each([
    [
      "ENOENT",
      "/dev/no-such-device",
      "cannot open /dev/no-such-device (ENOENT): it is not there: mount the node's /dev/kmsg",
    ],
  ])("says of %s what to do", async (_code, path, message) => {
    const source = new KmsgSource({ ...options, path }, testContext(), realMachine);
    await expect(source.start()).rejects.toThrow(message);
    expect(await source.check()).toEqual([
      { ok: false, what: `read ${path}`, problem: expect.stringContaining(message) },
    ]);
  });

  it("says of a directory that it is one", async () => {
    const source = new KmsgSource({ ...options, path: import.meta.dirname }, testContext(), realMachine);
    const chunks = source.read(undefined, new AbortController().signal);
    await expect(chunks.next()).rejects.toThrow("(EISDIR): it is a directory: name the device, /dev/kmsg");
  });
});
