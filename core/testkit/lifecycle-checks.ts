/** What every plugin must do, whatever its role: its declaration, its options, start, stop, check, problems, status. */
import assert from "node:assert/strict";
import { apiVersion, type Role } from "../plugin/definition.ts";
import type { Check, Mood, Partner, Subject } from "./check.ts";
import { settle } from "./fake-clock.ts";
import { openedBy } from "./open-resources.ts";
import { checkedOptions, staged, started } from "./stage.ts";
import { rejection, within } from "./within.ts";

type AnySubject = Subject<Role, Partner>;

export function lifecycleChecks(subject: AnySubject, role: Role): Check[] {
  const check = (name: string, work: (subject: AnySubject) => Promise<void> | void): Check => ({
    name,
    run: async () => work(subject),
  });
  return [
    check("is declared properly", (one) => declaredProperly(one, role)),
    check("takes the options of its test, at once", takesOptions),
    check("refuses an option that it does not know", refusesUnknownOption),
    check("opens nothing when it is created", createOpensNothing),
    check("stops before it was started", stopsBeforeStart),
    check("stops twice", stopsTwice),
    check("stops when the deadline is over already", stopsAfterDeadline),
    check("gives up a start that is aborted already", abortedStart),
    check("runs beside another instance of itself", twoInstances),
    check("tells its problems and its status at any time", tellsState),
    check("answers check with findings", findings),
    ...whenPossible(subject, "unavailable", [
      check("starts although its partner is not there", startsWithoutPartner),
      check("answers check with a finding that is not ok when its partner is not there", findsPartnerGone),
    ]),
    ...whenPossible(subject, "silent", [check("gives up start and check when they are aborted", abortedWhileSilent)]),
  ];
}

/** Checks for partners that can become so. */
export function whenPossible(subject: AnySubject, mood: Exclude<Mood, "well">, checks: readonly Check[]): Check[] {
  return subject.moods?.includes(mood) === true ? [...checks] : [];
}

function declaredProperly({ definition }: AnySubject, role: Role): void {
  assert.equal(definition.role, role);
  assert.equal(definition.apiVersion, apiVersion);
  assert.match(definition.name, /^[a-z0-9][a-z0-9-]{0,62}$/, "a name is lower case, with hyphens");
  assert.ok(definition.name.startsWith(`${role}-`), `the name of a ${role} begins with "${role}-"`);
}

async function takesOptions(subject: AnySubject): Promise<void> {
  const partner = await subject.startPartner();
  try {
    checkedOptions(subject, partner.options);
  } finally {
    await partner.stop?.();
  }
}

async function refusesUnknownOption(subject: AnySubject): Promise<void> {
  const partner = await subject.startPartner();
  await partner.stop?.();
  const written = { ...partner.options, noSuchOption: true };
  const result = await subject.definition.options["~standard"].validate(written);
  assert.ok(result.issues !== undefined, "the option noSuchOption was taken: use a strict schema");
  assert.ok(JSON.stringify(result.issues).includes("noSuchOption"), "no issue names the option noSuchOption");
}

function createOpensNothing(subject: AnySubject): Promise<void> {
  return staged(subject, async ({ another }) => {
    assert.deepEqual(
      openedBy(() => void another()),
      [],
      "opened by create: that is for start",
    );
    await settle();
  });
}

function stopsBeforeStart(subject: AnySubject): Promise<void> {
  return staged(subject, async ({ instance, signal }) => {
    await within("stop", instance.stop?.(signal));
  });
}

function stopsTwice(subject: AnySubject): Promise<void> {
  return started(subject, async ({ instance, signal }) => {
    await within("stop", Promise.all([instance.stop?.(signal), instance.stop?.(signal)]));
    await within("stop", instance.stop?.(signal));
  });
}

function stopsAfterDeadline(subject: AnySubject): Promise<void> {
  return started(subject, async ({ instance }) => {
    await within("stop", instance.stop?.(AbortSignal.abort(new Error("the deadline is over"))));
  });
}

function abortedStart(subject: AnySubject): Promise<void> {
  return staged(subject, ({ instance }) => endsByAbort("start", (signal) => instance.start?.(signal), 0));
}

function twoInstances(subject: AnySubject): Promise<void> {
  return started(subject, async ({ another, signal }) => {
    const other = another();
    await within("start", other.start?.(signal));
    await within("stop", other.stop?.(signal));
  });
}

function tellsState(subject: AnySubject): Promise<void> {
  const tell = ({ problems, status }: { problems: unknown; status: unknown }) => {
    assert.ok(problems === undefined || (Array.isArray(problems) && problems.every((one) => typeof one === "string")));
    assert.ok(status === undefined || JSON.stringify(status).startsWith("{"), "status is to be a JSON object");
  };
  return staged(subject, async ({ instance, signal }) => {
    const look = () => tell({ problems: instance.problems?.(), status: instance.status?.() });
    look();
    await within("start", instance.start?.(signal));
    look();
    await within("stop", instance.stop?.(signal));
    look();
  });
}

function findings(subject: AnySubject): Promise<void> {
  return staged(subject, async ({ instance, signal }) => {
    for (const finding of (await within("check", instance.check?.(signal))) ?? []) {
      assert.equal(typeof finding.ok, "boolean");
      assert.ok(finding.what.length > 0, "a finding says what was tried");
      assert.ok(finding.ok, `not ok although the partner is well: ${finding.what}: ${finding.problem}`);
    }
  });
}

function startsWithoutPartner(subject: AnySubject): Promise<void> {
  return staged(subject, async ({ instance, partner, signal }) => {
    await partner.become?.("unavailable");
    await within("start", instance.start?.(signal));
  });
}

function findsPartnerGone(subject: AnySubject): Promise<void> {
  return staged(subject, async ({ instance, partner, signal }) => {
    if (instance.check === undefined) return;
    await partner.become?.("unavailable");
    const bad = (await within("check", instance.check(signal))).filter((finding) => !finding.ok);
    assert.ok(bad.length > 0, "check found nothing wrong");
    for (const { what, problem } of bad) assert.ok(problem, `no word about what is wrong with: ${what}`);
  });
}

function abortedWhileSilent(subject: AnySubject): Promise<void> {
  return staged(subject, async ({ instance, partner }) => {
    await partner.become?.("silent");
    await endsByAbort("check", (signal) => instance.check?.(signal), 50);
    await endsByAbort("start", (signal) => instance.start?.(signal), 50);
  });
}

/** Settles once its signal is aborted, and rejects with nothing but the signal's reason. */
async function endsByAbort(
  what: string,
  work: (signal: AbortSignal) => Promise<unknown> | undefined,
  afterMillis: number,
): Promise<void> {
  const reason = new Error("the process is to end");
  const signal = afterMillis === 0 ? AbortSignal.abort(reason) : abortedAfter(afterMillis, reason);
  const error = await rejection(what, work(signal));
  assert.ok(error === undefined || error === reason, `${what} rejected with ${error} instead of signal.reason`);
}

export function abortedAfter(millis: number, reason: Error): AbortSignal {
  const controller = new AbortController();
  // Unreferenced: not to be taken for something that the plugin has left running.
  setTimeout(() => controller.abort(reason), millis).unref();
  return controller.signal;
}
