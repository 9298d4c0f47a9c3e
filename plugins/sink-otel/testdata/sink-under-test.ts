/** A started sink with what a test wants to look at; stopped by `stopSinks` after each test. */
import type { Clock, DropReport, Environment } from "../../../core/plugin/index.ts";
import { dropReport, packetDrop } from "../../../core/testkit/drops.ts";
import { FakeClock } from "../../../core/testkit/fake-clock.ts";
import { type TestContext, testContext } from "../../../core/testkit/test-context.ts";
import { options } from "../config.ts";
import { OtelSink } from "../otel-sink.ts";

export interface SinkUnderTest<C extends Clock = FakeClock> {
  readonly sink: OtelSink;
  readonly context: TestContext<C>;
}

const sinks: OtelSink[] = [];

/** The signal of a test that aborts nothing. */
export const never: AbortSignal = new AbortController().signal;

export function makeSink(written: Readonly<Record<string, unknown>>, environment: Environment = {}): SinkUnderTest {
  const context = testContext({ clock: new FakeClock(), name: "sink-otel", environment });
  const sink = new OtelSink(options.parse(written), context);
  sinks.push(sink);
  return { sink, context };
}

export async function startSink(
  written: Readonly<Record<string, unknown>>,
  environment?: Environment,
): Promise<SinkUnderTest> {
  const made = makeSink(written, environment);
  await made.sink.start(never);
  return made;
}

/** Each of a flow of its own; the first counts one packet, the second two, … */
export function countedReports(count: number): DropReport[] {
  const one = (i: number) => dropReport({ drop: packetDrop({ sourcePort: i + 1 }), count: i + 1 });
  return Array.from({ length: count }, (_, i) => one(i));
}

export async function stopSinks(): Promise<void> {
  for (const sink of sinks.splice(0)) await sink.stop(AbortSignal.timeout(1000));
}

/** What `promise` rejects with. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<{ message: string; retryable?: boolean; retryAfterMillis?: number }> {
  try {
    await promise;
  } catch (error) {
    return error as { message: string };
  }
  throw new Error("expected a rejection");
}
