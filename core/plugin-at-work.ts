/**
 * Whose code is running: every call into a plugin is made in its name, and what the call starts (timers, sockets,
 * promises) carries the name on. So an error that nobody caught can be laid at the door of its plugin.
 * Called where plugins are loaded and made; asked by core/operations/uncaught.ts.
 */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";

const atWork = new AsyncLocalStorage<string>();

/** `plugin`: its name, and its version where it has one of its own. */
export function asPlugin<T>(plugin: string, call: () => T): T {
  return atWork.run(plugin, call);
}

/** Undefined: the core's own code. */
export function pluginAtWork(): string | undefined {
  return atWork.getStore();
}

/** These call the core back, which then works in its own name; they may neither wait nor throw. */
const scanning: readonly PropertyKey[] = ["scan", "parseLine", "parseBytes"];

/** Told of a call that did not give the processor back for so long: all else stood still meanwhile. */
export type OnBlocked = (method: string, millis: number) => void;

const blockedMillis = 250;

type Method = (...args: unknown[]) => unknown;

/** The instance with every method called in the plugin's name. */
export function inNameOf<T extends object>(plugin: string, instance: T, onBlocked: OnBlocked): T {
  const methods = new Map<PropertyKey, unknown>();
  // Entered for each address that is resolved: ten times as fast as AsyncLocalStorage.run.
  const scope = asPlugin(plugin, () => new AsyncResource("plugin", { requireManualDestroy: true }));
  const inName = (key: PropertyKey, method: Method, target: T): Method => {
    if (scanning.includes(key)) return method.bind(target);
    const enter: Method = (...args) => scope.runInAsyncScope(method, target, ...args);
    if (key === "read") return (...args) => iterateAs(plugin, enter(...args));
    return (...args) => {
      const begin = performance.now();
      const result = enter(...args);
      const millis = performance.now() - begin;
      if (millis > blockedMillis) onBlocked(String(key), Math.round(millis));
      return result;
    };
  };
  return new Proxy(instance, {
    get(target, key) {
      const known = methods.get(key);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      const method = inName(key, value as Method, target);
      methods.set(key, method);
      return method;
    },
  });
}

/** Each step of the plugin's own loop is a call into it; what is done with the values is not. */
function iterateAs(plugin: string, values: unknown): unknown {
  if (!isIterable(values)) return values;
  return {
    [Symbol.asyncIterator]() {
      const iterator = asPlugin(plugin, () => values[Symbol.asyncIterator]());
      return {
        next: () => asPlugin(plugin, () => iterator.next()),
        return: async () => (await asPlugin(plugin, () => iterator.return?.())) ?? { done: true, value: undefined },
      };
    },
  };
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
