/** Real pipes and files behind a file descriptor: what was written is what the other end reads. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DropReport } from "../model/drop-report.ts";
import { dropReport } from "../testkit/drops.ts";
import { FakeClock, settle } from "../testkit/fake-clock.ts";
import { StandardOutput } from "./standard-output.ts";

let folder: string;
let open: number[];
let gone: Error[];
let clock: FakeClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "droplens-output-"));
  [open, gone, clock] = [[], [], new FakeClock()];
});
afterEach(() => {
  for (const fd of open) closeSync(fd);
  rmSync(folder, { recursive: true });
});

function opened(path: string, flags: number): number {
  const fd = openSync(path, flags, 0o600);
  open.push(fd);
  return fd;
}

/** Both ends of a pipe that is never waited for, as process.stdout makes it. */
function pipe(): { readonly from: number; readonly to: number } {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const from = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { from, to: opened(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

function close(fd: number): void {
  closeSync(fd);
  open = open.filter((one) => one !== fd);
}

function readAll(fd: number): string {
  const parts: Buffer[] = [];
  for (;;) {
    const bytes = Buffer.alloc(65_536);
    try {
      const count = readSync(fd, bytes);
      if (count === 0) break;
      parts.push(bytes.subarray(0, count));
    } catch {
      break; // EAGAIN: it is empty
    }
  }
  return Buffer.concat(parts).toString();
}

const output = (fileDescriptor: number): StandardOutput =>
  new StandardOutput({ stream: "stdout", clock, fileDescriptor, onReaderGone: (error) => gone.push(error) });
const reports = (count: number): DropReport[] => Array.from({ length: count }, () => dropReport());
const never = new AbortController().signal;

describe("standard output", () => {
  it("writes the lines in order, those of two batches at once one after the other", async () => {
    const path = join(folder, "out");
    const out = output(opened(path, constants.O_WRONLY | constants.O_CREAT));
    const [one, two] = [reports(300), reports(300)];
    const toLine = ({ id }: DropReport) => `${id} ${"x".repeat(40)}\n`;
    await Promise.all([out.write(one, toLine, never), out.write(two, toLine, never)]);
    const ids = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => Number(line.split(" ")[0]));
    expect(ids).toEqual([...one, ...two].map(({ id }) => id));
    expect(out.problems()).toEqual([]);
  });

  it("waits for a slow reader, and loses and doubles nothing when its call is given up meanwhile", async () => {
    const { from, to } = pipe();
    const out = output(to);
    const batch = reports(100);
    const toLine = ({ id }: DropReport) => `${id} ${"x".repeat(5000)}\n`;
    const call = new AbortController();
    const first = out.write(batch, toLine, call.signal);
    first.catch(() => {});
    // A pipe holds 64 KiB: the rest waits for the reader.
    for (let i = 0; i < 50 && clock.sleeping === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(clock.sleeping).toBe(1);
    call.abort(new Error("took too long"));
    await expect(first).rejects.toThrow("took too long");
    let text = readAll(from);
    expect(text.length).toBeGreaterThan(0);
    let isDone = false;
    const again = out.write(batch, toLine, never).then(() => {
      isDone = true;
    });
    for (let i = 0; i < 1000 && !isDone; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(20);
      text += readAll(from);
    }
    await again;
    text += readAll(from);
    expect(text).toBe(batch.map(toLine).join(""));
  });

  it("gives up what nobody will read, counted, and tells it once", async () => {
    const { from, to } = pipe();
    const out = output(to);
    close(from);
    const batch = reports(3);
    const result = await out.write(batch, () => "line\n", never);
    expect(result?.discarded?.map(({ report, reason }) => [report.id, reason])).toEqual(
      batch.map(({ id }) => [id, "reader_gone"]),
    );
    expect((await out.write(reports(2), () => "line\n", never))?.discarded).toHaveLength(2);
    expect(gone.map((error) => (error as NodeJS.ErrnoException).code)).toEqual(["EPIPE"]);
    expect(out.problems()).toEqual(["nobody reads stdout any more"]);
  });

  it.skipIf(!isDevice("/dev/full"))("asks for the batch again when the disk is full", async () => {
    const out = output(opened("/dev/full", constants.O_WRONLY));
    await expect(out.write(reports(1), () => "line\n", never)).rejects.toMatchObject({
      retryable: true,
      message: "cannot write to stdout (ENOSPC): the disk behind it is full: make room",
    });
    expect(gone).toEqual([]);
  });

  it("writes nothing for a call that is given up before its turn", async () => {
    const path = join(folder, "out");
    const out = output(opened(path, constants.O_WRONLY | constants.O_CREAT));
    await expect(out.write(reports(1), () => "line\n", AbortSignal.abort(new Error("stopping")))).rejects.toThrow(
      "stopping",
    );
    await settle();
    await out.write(reports(1), () => "next\n", never);
    expect(readFileSync(path, "utf8")).toBe("next\n");
  });
});

function isDevice(path: string): boolean {
  try {
    const fd = openSync(path, "r");
    const stats = fstatSync(fd);
    closeSync(fd);
    return stats.isCharacterDevice();
  } catch {
    return false;
  }
}
