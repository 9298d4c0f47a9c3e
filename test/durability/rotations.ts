/** The ways in which log files are rotated, each as one step of the writer that the trials play. */
import { readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { LogStage } from "./log-stage.ts";

export interface Rotation {
  readonly name: string;
  rotate(stage: LogStage): void | Promise<void>;
  /** It removes the file: what the program has not read is gone, so it must have read all before it is stopped. */
  readonly removes?: true;
}

let generation = 0;

export const rotations: readonly Rotation[] = [
  { name: "rename and create", rotate: ({ writer }) => writer.renameAndCreate() },
  {
    name: "rename, created later",
    async rotate({ writer }) {
      writer.rename();
      // The load goes on into the renamed file meanwhile.
      await sleep(150);
      writer.reopen();
    },
  },
  { name: "copytruncate", rotate: ({ writer }) => writer.copyTruncate() },
  { name: "remove and create with the same inode", rotate: recreateWithSameInode, removes: true },
  {
    name: "symbolic link swapped",
    rotate({ writer }) {
      const target = `${writer.path.replace(/\.log$/, "")}-${++generation}.log`;
      symlinkSync(target, `${writer.path}.next`);
      writeFileSync(target, "");
      renameSync(`${writer.path}.next`, writer.path);
      writer.reopen();
    },
  },
  {
    name: "rename and create, compressed at once",
    rotate({ writer }) {
      writer.renameAndCreate();
      compress(`${writer.path}.1`);
    },
    removes: true,
  },
  {
    name: "twice within a poll",
    rotate({ writer, load }) {
      writer.renameAndCreate();
      load.write(7);
      writer.renameAndCreate();
    },
  },
];

/** logrotate's `compress` without `delaycompress`. */
function compress(path: string): void {
  writeFileSync(`${path}.${++generation}.gz`, gzipSync(readFileSync(path)));
  rmSync(path);
}

/** Where the file system gives a number out again at once (ext4) and nobody holds the old file; elsewhere another one. */
function recreateWithSameInode({ writer }: LogStage): void {
  const { ino } = statSync(writer.path);
  writer.recreate();
  for (let tries = 0; tries < 20 && statSync(writer.path).ino !== ino; tries++) writer.recreate();
}
