/** Real files: what is in them after deliveries, rotations, crashes and other people's doings. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DropReport } from "../../core/plugin/index.ts";
import { dropReport } from "../../core/testkit/drops.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import { JsonFile } from "./json-file.ts";
import { FileSink } from "./jsonl-sink.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "droplens-jsonl-"));
  path = join(folder, "drops.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;
const lineBytes = 100;
/** A line of 100 bytes that tells its report. */
const toLine = ({ id }: DropReport): string => `${JSON.stringify({ id, pad: "" }).padEnd(lineBytes - 1)}\n`;
const reports = (count: number): DropReport[] => Array.from({ length: count }, () => dropReport());

function sink(options: Partial<ConstructorParameters<typeof JsonFile>[0]> = {}) {
  const context = testContext();
  const file = new JsonFile({ path, maxBytes: 1e6, keep: 2, sync: false, ...options }, context);
  return { context, file, sink: new FileSink(toLine, file) };
}

const idsIn = (name: string): number[] =>
  readFileSync(join(folder, name), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).id);
const ids = (batch: readonly DropReport[]): number[] => batch.map(({ id }) => id);

describe("the file of sink-jsonl", () => {
  it("is made for the owner and a group that reads, and grows over restarts", async () => {
    const [one, two] = [reports(2), reports(1)];
    for (const batch of [one, two]) {
      const made = sink();
      await made.sink.start();
      await made.sink.deliver(batch, never);
      await made.sink.stop(never);
      expect(made.context.logger.lines).toEqual([]);
    }
    expect(idsIn("drops.jsonl")).toEqual(ids([...one, ...two]));
    expect(statSync(path).mode & 0o137).toBe(0);
  });

  it("rotates before it grows beyond maxBytes, within a batch too, and keeps as many as it is told", async () => {
    const made = sink({ maxBytes: 5 * lineBytes });
    await made.sink.start();
    const batch = reports(18);
    await made.sink.deliver(batch.slice(0, 3), never);
    await made.sink.deliver(batch.slice(3), never);
    expect(readdirSync(folder).toSorted()).toEqual(["drops.jsonl", "drops.jsonl.1", "drops.jsonl.2"]);
    expect(idsIn("drops.jsonl.2")).toEqual(ids(batch.slice(5, 10)));
    expect(idsIn("drops.jsonl.1")).toEqual(ids(batch.slice(10, 15)));
    expect(idsIn("drops.jsonl")).toEqual(ids(batch.slice(15)));
    expect(made.sink.status()).toEqual({ path, size: 3 * lineBytes, rotations: 3 });
    await made.sink.stop(never);
  });

  it("keeps no other file with keep: 0", async () => {
    const made = sink({ maxBytes: 2 * lineBytes, keep: 0 });
    const batch = reports(5);
    await made.sink.deliver(batch, never);
    await made.sink.stop(never);
    expect(readdirSync(folder)).toEqual(["drops.jsonl"]);
    expect(idsIn("drops.jsonl")).toEqual(ids(batch.slice(4)));
  });

  it("writes a line that is longer than maxBytes all the same", async () => {
    const made = sink({ maxBytes: lineBytes / 2 });
    const batch = reports(3);
    await made.sink.deliver(batch, never);
    await made.sink.stop(never);
    expect([idsIn("drops.jsonl.2"), idsIn("drops.jsonl.1"), idsIn("drops.jsonl")].flat()).toEqual(ids(batch));
  });

  it("ends a line that a crash has broken off, and says so", async () => {
    writeFileSync(path, `${toLine(dropReport())}{"id":17,"pa`);
    const made = sink();
    const batch = reports(1);
    await made.sink.start();
    await made.sink.deliver(batch, never);
    await made.sink.stop(never);
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines[1]).toBe('{"id":17,"pa');
    expect(JSON.parse(lines[2] ?? "").id).toBe(batch[0]?.id);
    expect(made.context.logger.messages("warn")).toEqual([
      "the last line of the file was broken off by a crash: it is ended here, its report comes again",
    ]);
  });

  it("goes on in a new file when somebody else rotates or removes it", async () => {
    const made = sink();
    const [one, two, three] = [reports(1), reports(1), reports(1)];
    await made.sink.deliver(one, never);
    renameSync(path, join(folder, "taken"));
    await made.sink.deliver(two, never);
    expect([idsIn("taken"), idsIn("drops.jsonl")]).toEqual([ids(one), ids(two)]);
    rmSync(path);
    await made.sink.deliver(three, never);
    expect(idsIn("drops.jsonl")).toEqual(ids(three));
    appendFileSync(path, "");
    await made.sink.stop(never);
  });

  it("asks for the batch again while it cannot be written, says why, and goes on by itself", async () => {
    const made = sink({ path: join(folder, "gone", "drops.jsonl") });
    mkdirSync(join(folder, "gone"));
    await made.sink.start();
    rmSync(join(folder, "gone"), { recursive: true });
    const batch = reports(2);
    const says = `cannot write ${folder}/gone/drops.jsonl (ENOENT): there is no folder ${folder}/gone: create it, or mount it`;
    await expect(made.sink.deliver(batch, never)).rejects.toMatchObject({ retryable: true, message: says });
    expect(made.sink.problems()).toEqual([says]);
    mkdirSync(join(folder, "gone"));
    await made.sink.deliver(batch, never);
    expect(idsIn("gone/drops.jsonl")).toEqual(ids(batch));
    expect(made.sink.problems()).toEqual([]);
    await made.sink.stop(never);
  });

  it("writes nothing twice when a call is given up and its batch comes again", async () => {
    const made = sink();
    const batch = reports(3);
    await Promise.all([made.sink.deliver(batch, never), made.sink.deliver(batch, never)]);
    await expect(made.sink.deliver(reports(1), AbortSignal.abort(new Error("stopping")))).rejects.toThrow("stopping");
    expect(idsIn("drops.jsonl")).toEqual(ids(batch));
    await made.sink.stop(never);
  });

  it("grows beyond maxBytes rather than lose a report when it cannot be rotated, and says so", async () => {
    mkdirSync(`${path}.1`);
    writeFileSync(join(`${path}.1`, "in-the-way"), "");
    const made = sink({ maxBytes: 2 * lineBytes, keep: 1 });
    const batch = reports(4);
    await made.sink.deliver(batch, never);
    expect(idsIn("drops.jsonl")).toEqual(ids(batch));
    expect(made.sink.problems()).toEqual([expect.stringContaining(`cannot rotate ${path} (`)]);
    expect(made.context.logger.messages("error")).toEqual(["the file grows beyond maxBytes"]);
    rmSync(`${path}.1`, { recursive: true });
    await made.sink.deliver(reports(2), never);
    expect([existsSync(`${path}.1`), made.sink.problems()]).toEqual([true, []]);
    await made.sink.stop(never);
  });

  it.each([
    ["a folder", () => mkdirSync(path), "(EISDIR): it is a folder: name a file in it"],
    ["in a folder that is not there", () => rmSync(folder, { recursive: true }), "(ENOENT): there is no folder"],
    [
      "below a file",
      () => {
        rmSync(folder, { recursive: true });
        writeFileSync(folder, "");
      },
      "(ENOTDIR):",
    ],
  ])("refuses to start with a path that is %s; validate says the same", async (_name, arrange, says) => {
    arrange();
    const made = sink();
    expect(await made.sink.check()).toMatchObject([{ ok: false, problem: expect.stringContaining(says) }]);
    await expect(made.sink.start()).rejects.toThrow(says);
    await made.sink.stop(never);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  });

  it("refuses a device, and says how to write to stdout", async () => {
    const made = sink({ path: "/dev/null" });
    await expect(made.sink.start()).rejects.toThrow("it is no regular file: leave `path` out to write to stdout");
  });

  it.skipIf(process.getuid?.() === 0)("refuses to start where it may not write, and names the user", async () => {
    chmodSync(folder, 0o500);
    const made = sink();
    await expect(made.sink.start()).rejects.toThrow(`(EACCES): let user ${process.getuid?.()} write to it`);
    chmodSync(folder, 0o700);
  });

  it("is not made by validate", async () => {
    const made = sink();
    expect(await made.sink.check()).toEqual([{ ok: true, what: `write ${path}` }]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
