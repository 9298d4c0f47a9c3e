/** Watches the events of the embedded API server and prints each one as `kubectl describe pod` would show it. */
import { splitLines } from "../lines.ts";

interface WatchedEvent {
  readonly type: string;
  readonly object: {
    readonly involvedObject: { readonly namespace: string; readonly name: string };
    readonly type: string;
    readonly reason: string;
    readonly message: string;
    readonly count?: number;
    readonly firstTimestamp: string;
    readonly lastTimestamp: string;
    readonly source: { readonly component: string };
  };
}

/** Prints until `signal` aborts; how many events were created. */
export async function printEvents(url: string, print: (text: string) => void, signal: AbortSignal): Promise<number> {
  let created = 0;
  try {
    const response = await fetch(`${url}/api/v1/events?watch=true`, { signal });
    if (response.body === null) return 0;
    for await (const line of splitLines(response.body)) {
      const event = JSON.parse(line.toString("utf8")) as WatchedEvent;
      if (event.type === "ADDED") created++;
      if (event.type === "ADDED" || event.type === "MODIFIED") print(describe(event));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return created;
}

function describe({ object }: WatchedEvent): string {
  const { involvedObject, type, reason, message, source } = object;
  const pod = `${involvedObject.namespace}/${involvedObject.name}`;
  return `  ${pod.padEnd(28)} ${type}  ${reason}  ${age(object).padEnd(14)} ${source.component}  ${message}\n`;
}

function age({ count = 1, firstTimestamp, lastTimestamp }: WatchedEvent["object"]): string {
  const seconds = Math.round((Date.parse(lastTimestamp) - Date.parse(firstTimestamp)) / 1000);
  return count > 1 ? `0s (x${count} over ${seconds}s)` : "0s";
}
