/**
 * The kernel's log as /dev/kmsg behaves (Documentation/ABI/testing/dev-kmsg): each reader begins at the oldest record;
 * one record a read; EPIPE once where records were written over. test/system/kmsg.test.ts holds the source to the real
 * one, which needs root.
 */
import type { KmsgDevice, Machine } from "../kmsg-device.ts";

export class KernelLog implements Machine {
  boot = "e3c316bb-f7f0-41e8-8204-4e1b057225cb";
  /** How many records the buffer holds. */
  capacity = 100_000;
  /** Readers that have not closed. */
  opened = 0;
  /** How far the kernel's own clock is ahead of the monotonic one. */
  skewMicros = 0;
  readonly #now: () => number;
  #next = 0;
  #records: { readonly sequence: number; readonly text: string }[] = [];

  /** `now`: milliseconds, for the monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  monotonicMicros = (): number => this.#now() * 1000;

  bootId(): string {
    return this.boot;
  }

  /** A record as it stands in the device, behind its sequence number and time. */
  write(message: string, priority = 4, micros = this.monotonicMicros() + this.skewMicros): void {
    const sequence = this.#next++;
    this.#records.push({ sequence, text: `${priority},${sequence},${Math.floor(micros)},-;${message}\n` });
    this.#records = this.#records.slice(-this.capacity);
  }

  open(path: string): KmsgDevice {
    if (path !== "/dev/kmsg") throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    this.opened++;
    let wanted = -1;
    return {
      read: () => {
        const oldest = this.#records[0];
        if (oldest === undefined) return "none";
        if (wanted >= 0 && wanted < oldest.sequence) {
          wanted = oldest.sequence;
          return "overwritten";
        }
        const record = this.#records.find(({ sequence }) => sequence >= wanted);
        if (record === undefined) return "none";
        wanted = record.sequence + 1;
        return Buffer.from(record.text, "latin1");
      },
      close: () => {
        this.opened--;
      },
    };
  }
}
