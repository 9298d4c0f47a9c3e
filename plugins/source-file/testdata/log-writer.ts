/** For the tests of this room: a program that writes numbered lines to a log file, and what rotates the file. */
import { closeSync, copyFileSync, ftruncateSync, openSync, renameSync, rmSync, truncateSync, writeSync } from "node:fs";

export class LogWriter {
  readonly path: string;
  /** All lines written, in order. */
  readonly written: string[] = [];
  #fd: number;

  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "a");
  }

  write(count = 1): void {
    for (let i = 0; i < count; i++) this.raw(`${this.#nextLine()}\n`);
  }

  /** Begins a line; the returned function ends it. */
  writePartly(): () => void {
    const line = this.#nextLine();
    writeSync(this.#fd, line.slice(0, 20));
    return () => void writeSync(this.#fd, `${line.slice(20)}\n`);
  }

  raw(text: string): void {
    writeSync(this.#fd, text);
  }

  /** As a daemon does on SIGHUP. */
  reopen(): void {
    closeSync(this.#fd);
    this.#fd = openSync(this.path, "a");
  }

  /** logrotate's default: app.log.1 becomes app.log.2, app.log becomes app.log.1. */
  rename(generations = 9): void {
    for (let i = generations; i >= 0; i--) {
      const name = i === 0 ? this.path : `${this.path}.${i}`;
      try {
        renameSync(name, `${this.path}.${i + 1}`);
      } catch {
        // This generation does not exist yet.
      }
    }
  }

  renameAndCreate(): void {
    this.rename();
    this.reopen();
  }

  copyTruncate(): void {
    for (let i = 9; i >= 1; i--) {
      try {
        renameSync(`${this.path}.${i}`, `${this.path}.${i + 1}`);
      } catch {
        // This generation does not exist yet.
      }
    }
    copyFileSync(this.path, `${this.path}.1`);
    truncateSync(this.path);
  }

  truncate(): void {
    ftruncateSync(this.#fd);
  }

  recreate(): void {
    rmSync(this.path);
    this.reopen();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #nextLine(): string {
    const line = `2026-11-20T20:00:00.000000+00:00 node kernel: drop: line ${this.written.length}`;
    this.written.push(line);
    return line;
  }
}
