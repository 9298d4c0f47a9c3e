/**
 * The rights that the sink needs, and which of them are missing: found by asking at the start, or by a 403. While one is
 * missing a clear error says so every minute, `/readyz` too, and the server is asked again until somebody granted it.
 */
import { type Clock, type Finding, type Logger, OnceAMinute } from "../../core/plugin/index.ts";
import type { Verb } from "./outcome.ts";

/** May this process do `verb` on events? Undefined when the server did not say. "" is all namespaces. */
export type AskServer = (verb: Verb, namespace: string, signal: AbortSignal) => Promise<boolean | undefined>;

export const neededVerbs: readonly Verb[] = ["create", "patch"];

const rule = '{apiGroups: [""], resources: ["events"], verbs: ["create", "patch"]}';
const everyMillis = 60_000;

type Missing = { readonly verb: Verb; readonly namespace: string };

export class Rights {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onGranted: () => void;
  readonly #missing = new Map<Verb, Missing>();
  readonly #logged: OnceAMinute;

  constructor(parts: { clock: Clock; logger: Logger; onGranted: () => void }) {
    this.#clock = parts.clock;
    this.#logged = new OnceAMinute(parts.clock);
    this.#logger = parts.logger;
    this.#onGranted = parts.onGranted;
  }

  /** A request was refused for want of a right. */
  refused(verb: Verb, namespace: string): void {
    this.#missing.set(verb, { verb, namespace });
    this.#log();
  }

  /** A request got through. */
  worked(verb: Verb, namespace: string): void {
    const missing = this.#missing.get(verb);
    // A right in one namespace says nothing of another that has refused.
    if (missing !== undefined && (missing.namespace === "" || missing.namespace === namespace)) this.#granted(missing);
  }

  problems(): readonly string[] {
    return this.#missing.size === 0 ? [] : [problemOf([...this.#missing.values()])];
  }

  /**
   * Asks for both rights at once, then every minute for those that are missing or unknown, and while `isOut` says that
   * the server does not answer; until `signal` aborts.
   */
  async watch(ask: AskServer, isOut: () => boolean, signal: AbortSignal): Promise<void> {
    let unknown = neededVerbs;
    while (!signal.aborted) {
      const questions = new Map(unknown.map((verb) => [verb, { verb, namespace: "" }]));
      if (isOut()) questions.set("create", { verb: "create", namespace: "" });
      for (const missing of this.#missing.values()) questions.set(missing.verb, missing);
      unknown = await this.#askAll([...questions.values()], ask, signal);
      this.#log();
      await this.#clock.sleep(everyMillis, signal);
    }
  }

  /** The verbs that stay unknown. */
  async #askAll(questions: readonly Missing[], ask: AskServer, signal: AbortSignal): Promise<readonly Verb[]> {
    const unknown: Verb[] = [];
    for (const question of questions) {
      const granted = await ask(question.verb, question.namespace, signal);
      const missing = this.#missing.get(question.verb);
      if (granted === undefined) unknown.push(question.verb);
      else if (granted && missing !== undefined) this.#granted(missing);
      else if (!granted && missing === undefined) this.#missing.set(question.verb, question);
    }
    return unknown;
  }

  #granted(missing: Missing): void {
    this.#missing.delete(missing.verb);
    this.#onGranted();
    this.#logger.info({ verb: missing.verb }, `events: ${missing.verb} is granted now; events are posted again`);
  }

  #log(): void {
    if (this.#missing.size === 0 || !this.#logged.isDue()) return;
    this.#logger.error({ verbs: [...this.#missing.keys()] }, problemOf([...this.#missing.values()]));
  }
}

/** What `droplens validate` shows of one right; `problem` when the server would not say. */
export function rightFinding(verb: Verb, granted: boolean | undefined, problem = "no answer"): Finding {
  const what = `events: ${verb} in all namespaces`;
  if (granted === true) return { ok: true, what };
  if (granted === false) return { ok: false, what, problem: problemOf([{ verb, namespace: "" }]) };
  return { ok: false, what, problem: `the API server does not say whether this is allowed: ${problem}` };
}

function problemOf(missing: readonly Missing[]): string {
  const verbs = missing.map(({ verb }) => verb).join(", ");
  const namespaces = new Set(missing.map(({ namespace }) => namespace).filter((namespace) => namespace !== ""));
  const where = namespaces.size === 0 ? "" : ` in namespace ${[...namespaces].join(", ")}`;
  return `missing right: events: ${verbs} in API group ""${where}; add this rule to the ClusterRole of Droplens' service account: ${rule}`;
}
