/** What keeps a process busy: sockets, servers, timers, watchers, children. Compared before and after by the suites. */
import { createHook } from "node:async_hooks";
import { setTimeout } from "node:timers/promises";

export type OpenResources = ReadonlyMap<string, number>;

/** How many of each kind are open; the runner's own pipes and ports do not count. */
export function openResources(): OpenResources {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!/^(PipeWrap|TTYWrap|MessagePort|Immediate|CloseReq)$/.test(kind))
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const patienceMillis = 2000;

/** The kinds of which more are open than `before`, once what was closed has had time to go. */
export async function leftRunning(before: OpenResources): Promise<string[]> {
  const end = performance.now() + patienceMillis;
  for (;;) {
    const more = [...openResources()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
    if (more.length === 0 || performance.now() > end) return more;
    await setTimeout(10);
  }
}

const inputOrOutput =
  /^(TCP|PIPE|UDP|TLS|FSREQ|FILEHANDLE|FSEVENT|STATWATCHER|PROCESS|GETADDRINFO|GETNAMEINFO|QUERY|HTTP|WORKER|Timeout)/;

/** What `work` opens before it returns. Files that are read synchronously are not seen. */
export function openedBy(work: () => void): string[] {
  const opened: string[] = [];
  const hook = createHook({
    init: (_id, kind) => {
      if (inputOrOutput.test(kind)) opened.push(kind);
    },
  }).enable();
  try {
    work();
  } finally {
    hook.disable();
  }
  return opened;
}
