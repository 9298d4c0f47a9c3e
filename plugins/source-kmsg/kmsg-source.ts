/**
 * The source: reads the kernel's log record by record, for ever, and hands each over as a line of the form
 * `2026-11-20T19:56:42.401765+00:00 - kernel: MESSAGE`, which parser-iptables believes; what a process wrote into the
 * log has the tag `process:` instead. Made by index.ts.
 */
import type { Chunk, Counter, Finding, JsonValue, PluginContext, Source } from "../../core/plugin/index.ts";
import { describeError, OnceAMinute } from "../../core/plugin/index.ts";
import type { SourceKmsgOptions } from "./config.ts";
import { cannotOpen, cannotRead } from "./errors.ts";
import { KernelClock } from "./kernel-clock.ts";
import type { KmsgDevice, Machine } from "./kmsg-device.ts";
import { type KmsgRecord, readRecord } from "./kmsg-record.ts";
import { type Place, readPlace } from "./place.ts";

const chunkBytes = 64 * 1024;
/** Before others get their turn, whatever the device gives. */
const maxReads = 2000;
/** Nothing tells when a record comes (the device cannot be watched), so it is looked at this often after one has come. */
const busyPollMillis = 20;
/** So long after the last record. */
const busyMillis = 2000;

export class KmsgSource implements Source {
  readonly #options: SourceKmsgOptions;
  readonly #context: PluginContext;
  readonly #machine: Machine;
  readonly #overwrittenTotal: Counter;
  readonly #skippedTotal: Counter;
  readonly #limit: OnceAMinute;
  #sequence = -1;
  #overwritten = 0;

  constructor(options: SourceKmsgOptions, context: PluginContext, machine: Machine) {
    this.#options = options;
    this.#context = context;
    this.#machine = machine;
    this.#limit = new OnceAMinute(context.clock);
    this.#overwrittenTotal = context.metrics.counter({
      name: "droplens_kmsg_overwritten_records_total",
      help: "Records that the kernel wrote over before they were read",
    });
    this.#skippedTotal = context.metrics.counter({
      name: "droplens_lines_skipped_total",
      help: "Lines of a source that were left out whole, by reason",
      labels: ["reason"],
    });
  }

  async start(): Promise<void> {
    this.#open().close();
  }

  async check(): Promise<readonly Finding[]> {
    const what = `read ${this.#options.path}`;
    try {
      this.#open().close();
      return [{ ok: true, what }];
    } catch (error) {
      return [{ ok: false, what, problem: describeError(error) }];
    }
  }

  async *read(resume: JsonValue | undefined, signal: AbortSignal): AsyncGenerator<Chunk, void> {
    if (signal.aborted) return;
    const bootId = this.#machine.bootId();
    this.#sequence = this.#whereToBegin(resume, bootId);
    const { clock } = this.#context;
    const kernelClock = new KernelClock(clock, this.#machine.monotonicMicros);
    const device = this.#open();
    try {
      for (let lastNews = clock.now(); !signal.aborted; ) {
        const bytes = this.#nextLines(device, kernelClock);
        if (bytes.length > 0) {
          lastNews = clock.now();
          yield { bytes, resume: { bootId, sequence: this.#sequence } };
          continue;
        }
        const isBusy = Math.abs(clock.now() - lastNews) < busyMillis;
        const waitMillis = isBusy ? busyPollMillis : this.#options.pollInterval;
        await clock.sleep(waitMillis, signal).catch(() => {});
      }
    } finally {
      device.close();
    }
  }

  status(): Readonly<Record<string, unknown>> {
    return { sequence: this.#sequence, overwrittenRecords: this.#overwritten };
  }

  #open(): KmsgDevice {
    try {
      return this.#machine.open(this.#options.path);
    } catch (error) {
      throw cannotOpen(this.#options.path, error);
    }
  }

  /** The sequence number of the last record that needs no reading; -1: from the oldest that the kernel still has. */
  #whereToBegin(resume: JsonValue | undefined, bootId: string): number {
    if (resume === undefined) return -1;
    const place: Place | undefined = readPlace(resume);
    if (place?.bootId === bootId) return place.sequence;
    const { logger } = this.#context;
    if (place === undefined) logger.warn({}, "the checkpoint is no place in the kernel's log: reading all that it has");
    else logger.info({}, "the machine has started anew since the checkpoint: reading all of this start's log");
    return -1;
  }

  /** What the log has, a chunk of it at the most; empty: there is nothing new. */
  #nextLines(device: KmsgDevice, kernelClock: KernelClock): Buffer {
    let lines = "";
    for (let reads = 0; reads < maxReads && lines.length < chunkBytes; reads++) {
      const bytes = this.#readDevice(device);
      if (bytes === "none") {
        kernelClock.endSeen();
        break;
      }
      if (bytes === "overwritten") continue; // the gap shows in the next sequence number
      const record = readRecord(bytes);
      if (record === undefined) this.#skip();
      else if (this.#isNew(record)) lines += this.#lineOf(record, kernelClock);
    }
    return Buffer.from(lines, "latin1");
  }

  #readDevice(device: KmsgDevice): ReturnType<KmsgDevice["read"]> {
    try {
      return device.read();
    } catch (error) {
      throw cannotRead(this.#options.path, error);
    }
  }

  #lineOf({ isKernels, micros, message }: KmsgRecord, kernelClock: KernelClock): string {
    kernelClock.observe(micros);
    return `${timeText(kernelClock.wallMillis(micros))} - ${isKernels ? "kernel" : "process"}: ${message}\n`;
  }

  /** Notes how far the log is read, and what of it is missing. */
  #isNew({ sequence }: KmsgRecord): boolean {
    if (sequence <= this.#sequence) return false;
    const missing = this.#sequence < 0 ? 0 : sequence - this.#sequence - 1;
    this.#sequence = sequence;
    if (missing > 0) this.#noteOverwritten(missing);
    return true;
  }

  #noteOverwritten(records: number): void {
    this.#overwritten += records;
    this.#overwrittenTotal.add({}, records);
    if (!this.#limit.isDue("overwritten")) return;
    this.#context.logger.error(
      { records: this.#overwritten },
      "the kernel wrote over records before they were read (`records` counts them all since the start): enlarge its buffer (log_buf_len=4M on its command line), or let its rules log less",
    );
  }

  #skip(): void {
    this.#skippedTotal.add({ reason: "no-record" });
    if (this.#limit.isDue("no-record"))
      this.#context.logger.error({ path: this.#options.path }, "this is no record of the kernel's log: is path right?");
  }
}

/** `2026-11-20T19:56:42.401765+00:00` */
function timeText(millis: number): string {
  const whole = Math.floor(millis);
  const micros = Math.floor((millis - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, "0")}+00:00`;
}
