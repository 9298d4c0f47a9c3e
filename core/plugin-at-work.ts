/**
 * Whose code is running: every call into a plugin is made in its name, and what the call starts (timers, sockets,
 * promises) carries the name on. So an error that nobody caught can be laid at the door of its plugin.
 * Called where plugins are loaded and made; asked by core/operations/uncaught.ts.
 */
import { AsyncLocalStorage } from "node:async_hooks";

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

/** The instance with every method called in the plugin's name. */
export function inNameOf<T extends object>(plugin: string, instance: T, onBlocked: OnBlocked): T {
  const methods = new Map<PropertyKey, unknown>();
  const call = (key: PropertyKey, work: () => unknown) => {
    const begin = performance.now();
    const result = named(plugin, work);
    const millis = performance.now() - begin;
    if (millis > blockedMillis) onBlocked(String(key), Math.round(millis));
    return result;
  };
  return new Proxy(instance, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      const known = methods.get(key);
      if (known !== undefined) return known;
      const method = scanning.includes(key)
        ? value.bind(target)
        : (...args: unknown[]) => call(key, () => Reflect.apply(value, target, args));
      methods.set(key, method);
      return method;
    },
  });
}

function named(plugin: string, call: () => unknown): unknown {
  const result = asPlugin(plugin, call);
  return isIterable(result) ? iterateAs(plugin, result) : result;
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** Each step of the plugin's own loop is a call into it; what is done with the values is not. */
function iterateAs(plugin: string, values: AsyncIterable<unknown>): AsyncIterable<unknown> {
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
