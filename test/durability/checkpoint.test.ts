/** The checkpoint cannot be read, or not be written. The program runs on, says so, and loses nothing. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { RunningProgram } from "../support/node-stage.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { tellFigures, tries } from "../support/trial.ts";
import { type LogStage, withLogStage } from "./log-stage.ts";

const flowsPerSecond = 200;

interface Damage {
  readonly name: string;
  readonly reason: RegExp;
  damage(path: string): void;
}

const damages: readonly Damage[] = [
  {
    name: "truncated",
    reason: /damaged/,
    damage: (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2)),
  },
  { name: "empty", reason: /not a checkpoint/, damage: (path) => truncateSync(path) },
  {
    name: "garbage",
    reason: /not a checkpoint/,
    damage: (path) => writeFileSync(path, Buffer.from(readFileSync(path).map((byte, at) => (byte * 31 + at) % 256))),
  },
  {
    name: "from a later version",
    reason: /format 2/,
    damage: (path) => writeFileSync(path, readFileSync(path, "utf8").replace("checkpoint 1", "checkpoint 2")),
  },
  { name: "made up", reason: /incomplete/, damage: (path) => writeFileSync(path, signed("{]")) },
  {
    name: "a folder",
    reason: /EISDIR/,
    damage(path) {
      rmSync(path);
      mkdirSync(path);
    },
  },
];

describe("the checkpoint", { timeout: 600_000 }, () => {
  it.each(damages)("is $name: told, and nothing is lost", async ({ name, reason, damage }) => {
    await withLogStage({}, async (stage) => {
      stage.beginLoad(flowsPerSecond);
      const first = stage.start();
      await stage.arrived(first);
      await sleep(500);
      await stage.finish(first);
      damage(stage.checkpointPath);
      const second = stage.start();
      await stage.endLoad();
      const ended = await stage.finish(second);
      const figures = stage.figures();
      tellFigures({ trial: `checkpoint: ${name}`, tries: 1, of: "restarts", ...figures });
      expect([ended, figures.lost]).toEqual([0, 0]);
      const [told] = second.child.logged("error");
      expect(told).toMatchObject({ path: stage.checkpointPath, reason: expect.stringMatching(reason) });
      expect(told?.msg).toContain("reading from the beginning");
    });
  });

  it("is unusable before a huge log: told with its size, and the new lines come soon", async () => {
    const bytes = tries({ long: 10, short: 1 }) * 1024 ** 3;
    await withLogStage({}, async (stage) => {
      // A hole of the file takes no room on the disk; a writer without O_APPEND leaves such ones after copytruncate.
      truncateSync(stage.writer.path, bytes);
      stage.writer.raw("\n");
      stage.load.write(100);
      mkdirSync(stage.stateFolder, { recursive: true });
      writeFileSync(stage.checkpointPath, "garbage");
      const begin = performance.now();
      const program = stage.start();
      await stage.arrived(program);
      const seconds = Math.round((performance.now() - begin) / 100) / 10;
      const ended = await stage.finish(program);
      const figures = stage.figures();
      const note = `${bytes / 1024 ** 3} GiB passed over in ${seconds} s`;
      tellFigures({ trial: "checkpoint: unusable before a huge log", tries: 1, of: "starts", ...figures, note });
      expect([ended, figures.lost, figures.overCounted]).toEqual([0, 0, 0]);
      expect(program.child.logged("error")[0]?.msg).toContain("the checkpoint cannot be used");
      const told = program.child.logged("info").find(({ msg }) => msg === "reads the log file");
      expect(told).toMatchObject({ path: stage.writer.path, offset: 0, size: expect.any(Number) });
    });
  });
});

const mayMount = process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"]).status === 0;

describe(`the disk of the checkpoint${mayMount ? "" : " (skipped: needs root, to mount one)"}`, () => {
  it.skipIf(!mayMount)("is full for a while", async () => {
    await withDisk(async (stage, disk) => {
      const filler = join(disk, "filler");
      await fillAndKill(stage, {
        spoil: () => void spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=1k"]),
        mend: () => rmSync(filler),
        trial: "checkpoint: disk full, then killed",
      });
    });
  });

  it.skipIf(!mayMount)("is read-only for a while", async () => {
    await withDisk(async (stage, disk) => {
      const remount = (mode: string) => void spawnSync("mount", ["-o", `remount,${mode}`, disk]);
      await fillAndKill(stage, {
        spoil: () => remount("ro"),
        mend: () => remount("rw"),
        trial: "checkpoint: disk read-only, then killed",
      });
    });
  });
});

interface Spoiling {
  spoil(): void;
  mend(): void;
  readonly trial: string;
}

/** Nothing can be saved, the process is killed, and the disk is well again. */
async function fillAndKill(stage: LogStage, { spoil, mend, trial }: Spoiling): Promise<void> {
  stage.beginLoad(flowsPerSecond);
  const first = stage.start();
  await first.child.until("a checkpoint", async () => stage.checkpointMillis !== undefined);
  spoil();
  await first.child.says(/cannot write the checkpoint/, 30_000);
  await stage.arrived(first);
  await stage.kill(first);
  mend();
  const second = stage.start();
  await stage.arrived(second);
  await stage.endLoad();
  await stage.finish(second);
  const ended = await stage.finish(stage.start());
  const figures = stage.figures();
  tellFigures({ trial, tries: 1, of: "kills", ...figures });
  expect([ended, figures.lost]).toEqual([0, 0]);
  expect(toldOnce(first)).toHaveLength(1);
}

function toldOnce(program: RunningProgram): readonly unknown[] {
  return program.child.logged("error").filter(({ msg }) => msg.includes("cannot write the checkpoint"));
}

async function withDisk(play: (stage: LogStage, disk: string) => Promise<void>): Promise<void> {
  const disk = tempFolder();
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "droplens-trial", disk]);
  try {
    await withLogStage({ stateFolder: disk }, (stage) => play(stage, disk));
  } finally {
    spawnSync("umount", ["-l", disk]);
  }
}

function signed(json: string): string {
  return `droplens-checkpoint 1 ${crc32(json).toString(16).padStart(8, "0")}\n${json}\n`;
}
