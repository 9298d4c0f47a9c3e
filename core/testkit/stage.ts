/**
 * One instance of a plugin with its partner, made for one check, stopped after it, and looked at for what it left
 * behind. Called by all the suites.
 */
import assert from "node:assert/strict";
import type { Clock, PluginContext } from "../plugin/context.ts";
import type { Role, RoleInstances } from "../plugin/definition.ts";
import { realClock } from "../real-clock.ts";
import type { Partner, Subject } from "./check.ts";
import { OpenResources } from "./open-resources.ts";
import { testContext } from "./test-context.ts";
import { within, withPatience } from "./within.ts";

export interface Staged<R extends Role, P extends Partner> {
  readonly instance: RoleInstances[R];
  readonly partner: P;
  readonly context: PluginContext;
  /** Never aborts. */
  readonly signal: AbortSignal;
  /** Another instance with the same options; stopped together with the first. */
  another(): RoleInstances[R];
}

const defaultPatienceMillis = 4000;

type Act<R extends Role, P extends Partner> = (staged: Staged<R, P>) => Promise<void> | void;

/** A started instance, for the checks of a role. */
export function started<R extends Role, P extends Partner>(subject: Subject<R, P>, act: Act<R, P>): Promise<void> {
  return staged(subject, async (stage) => {
    await within("start", stage.instance.start?.(stage.signal));
    await act(stage);
  });
}

/** An instance that is made and not started. */
export async function staged<R extends Role, P extends Partner>(subject: Subject<R, P>, act: Act<R, P>): Promise<void> {
  const partner = await subject.startPartner();
  try {
    await withPatience(subject.patienceMillis ?? defaultPatienceMillis, () => perform(subject, partner, act));
  } finally {
    await partner.stop?.();
  }
}

async function perform<R extends Role, P extends Partner>(subject: Subject<R, P>, partner: P, act: Act<R, P>) {
  const clock = new WatchedClock(partner.context?.clock ?? realClock);
  const context = { ...(partner.context ?? testContext({ clock, name: subject.definition.name })), clock };
  const instances: RoleInstances[R][] = [];
  const another = () => {
    const instance = subject.definition.create(checkedOptions(subject, partner.options), context);
    instances.push(instance);
    return instance;
  };
  const left = await new OpenResources().leftBy(async () => {
    try {
      await act({ instance: another(), partner, context, signal: new AbortController().signal, another });
    } finally {
      for (const instance of instances) await within("stop", instance.stop?.(AbortSignal.timeout(2000)));
    }
  });
  assert.deepEqual(left, [], "left running after stop");
  assert.equal(clock.sleeping, 0, "sleeps of context.clock left running after stop");
}

/** The options as `create` gets them; throws when the plugin refuses them. */
export function checkedOptions(subject: Subject<Role, Partner>, written: Partner["options"]): unknown {
  const result = subject.definition.options["~standard"].validate(written);
  if ("then" in result) throw new Error("options are to be checked synchronously");
  if (result.issues !== undefined) throw new Error(`options are refused: ${JSON.stringify(result.issues)}`);
  return result.value;
}

/** Counts the sleeps under way. */
class WatchedClock implements Clock {
  sleeping = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  async sleep(millis: number, signal: AbortSignal): Promise<void> {
    this.sleeping++;
    try {
      await this.#clock.sleep(millis, signal);
    } finally {
      this.sleeping--;
    }
  }
}
