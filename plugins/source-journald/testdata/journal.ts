/** A journal for the fake journalctl: a folder with one JSON record a line, as journalctl --output=json prints them. */
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const fakeJournalctl = [process.execPath, join(import.meta.dirname, "fake-journalctl.mjs")];
export const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().replaceAll("-", "");

export class Journal {
  readonly folder = mkdtempSync(join(tmpdir(), "droplens-journal-"));
  #records = 0;

  constructor() {
    chmodSync(this.folder, 0o755);
  }

  write(message: string | readonly number[], changes: Readonly<Record<string, unknown>> = {}): void {
    const i = (++this.#records).toString(16);
    const record = {
      __CURSOR: `s=ce8522d57d8a44a2a0d15e6f87a1eb78;i=${i};b=${bootId};m=972add96;t=660baa5108381;x=9dbf6c32d18cfc78`,
      __REALTIME_TIMESTAMP: String(Date.now() * 1000),
      _BOOT_ID: bootId,
      _HOSTNAME: "vm",
      _TRANSPORT: "kernel",
      SYSLOG_FACILITY: "0",
      SYSLOG_IDENTIFIER: "kernel",
      PRIORITY: "4",
      MESSAGE: message,
      ...changes,
    };
    appendFileSync(join(this.folder, "journal.json"), `${JSON.stringify(record)}\n`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
