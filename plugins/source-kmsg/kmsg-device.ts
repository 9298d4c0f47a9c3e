/**
 * The kernel's log device: one record per read, from the oldest that its buffer still has. Opened by KmsgSource, which
 * closes it. Facts: Documentation/ABI/testing/dev-kmsg.
 */
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { systemCode } from "./errors.ts";

export interface KmsgDevice {
  /**
   * The next record, a view that the next call writes over; "none" while there is no newer one, "overwritten" when the
   * kernel has written over the next one: then the oldest that is left comes next. Throws what the system says.
   */
  read(): Buffer | "none" | "overwritten";
  close(): void;
}

/** What a source asks of its machine. */
export interface Machine {
  open(path: string): KmsgDevice;
  /** Which start of the machine this is: sequence numbers begin anew with each. */
  bootId(): string;
  /** CLOCK_MONOTONIC, microseconds. */
  monotonicMicros(): number;
}

export const realMachine: Machine = {
  open: (path) => openDevice(path),
  bootId: () => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim(),
  monotonicMicros() {
    const [seconds, nanos] = process.hrtime();
    return seconds * 1e6 + nanos / 1000;
  },
};

/** A read into less than the whole record fails with EINVAL; the kernel makes none longer (PRINTK_MESSAGE_MAX). */
const longestRecordBytes = 16 * 1024;

function openDevice(path: string): KmsgDevice {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.allocUnsafeSlow(longestRecordBytes);
  return {
    read() {
      try {
        const length = readSync(file, buffer, 0, buffer.length, null);
        return length === 0 ? "none" : buffer.subarray(0, length);
      } catch (error) {
        const code = systemCode(error);
        if (code === "EAGAIN") return "none";
        if (code === "EPIPE") return "overwritten";
        throw error;
      }
    },
    close: () => closeSync(file),
  };
}
