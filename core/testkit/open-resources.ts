/** What keeps a process busy: sockets, servers, timers, watchers, children. Watched by the suites. */
import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { setTimeout } from "node:timers/promises";

/** Timers and handles: open, and keeping the process alive, for as long as this is true. */
interface Referable {
  hasRef(): boolean;
}

const patienceMillis = 2000;
const watched = new AsyncLocalStorage<OpenResources>();

/** All that `run` opens, directly or later, and nothing that others open meanwhile. */
export class OpenResources {
  /** By their async ids. */
  readonly #opened = new Map<number, { readonly resource: Referable; readonly kind: string }>();
  readonly #hook = createHook({
    init: (id, kind, _trigger, resource) => {
      if (watched.getStore() === this && isReferable(resource)) this.#opened.set(id, { resource, kind });
    },
    // A timer that was cleared; a handle may come here long after it was closed, when it is collected.
    destroy: (id) => void this.#opened.delete(id),
  });

  /** Runs `work`; then resolves to the kinds of what is still open, once what was closed has had time to go. */
  async leftBy(work: () => Promise<void>): Promise<string[]> {
    this.#hook.enable();
    try {
      await watched.run(this, work);
      return await this.#leftRunning();
    } finally {
      this.#hook.disable();
    }
  }

  async #leftRunning(): Promise<string[]> {
    const end = performance.now() + patienceMillis;
    for (;;) {
      const left = [...this.#opened.values()].filter(({ resource }) => resource.hasRef());
      if (left.length === 0 || performance.now() > end) return left.map(({ kind }) => kind);
      await setTimeout(10);
    }
  }
}

function isReferable(resource: object): resource is Referable {
  return "hasRef" in resource && typeof resource.hasRef === "function";
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
