import { describe, expect, it } from "vitest";
import { settle } from "../../core/testkit/fake-clock.ts";
import { testContext } from "../../core/testkit/test-context.ts";
import type { Verb } from "./outcome.ts";
import { Rights, rightFinding } from "./rights.ts";

const rule = '{apiGroups: [""], resources: ["events"], verbs: ["create", "patch"]}';
const missingCreate = `missing right: events: create in API group ""`;

describe("a missing right", () => {
  it("is named with its rule once a minute while it is missing, and not after it was granted", async () => {
    const { context, rights, watch } = setUp();
    const denied = new Set<Verb>(["create"]);
    const stop = watch(async (verb) => !denied.has(verb));
    await settle();
    expect(errors(context)).toEqual([expect.stringContaining(missingCreate)]);
    expect(errors(context)[0]).toContain(rule);
    await context.clock.advance(120_000);
    expect(errors(context)).toHaveLength(3);
    denied.clear();
    await context.clock.advance(180_000);
    expect(errors(context)).toHaveLength(3);
    expect(rights.problems()).toEqual([]);
    await stop();
  });

  it("is told at the first refusal, with the namespace, and not again for each one that follows", async () => {
    const { context, rights } = setUp();
    for (let i = 0; i < 100; i++) rights.refused("patch", "shop");
    expect(errors(context)).toEqual([expect.stringContaining('patch in API group "" in namespace shop')]);
    expect(rights.problems()).toHaveLength(1);
  });

  it("ends when a request gets through, but not by one in another namespace", () => {
    const { rights, granted } = setUp();
    rights.refused("create", "shop");
    rights.worked("create", "bank");
    rights.worked("patch", "shop");
    expect(rights.problems()).toHaveLength(1);
    rights.worked("create", "shop");
    expect(rights.problems()).toEqual([]);
    expect(granted.times).toBe(1);
  });

  it("is not claimed when the server does not answer, and is asked for again later", async () => {
    const { context, rights, watch } = setUp();
    let asked = 0;
    const stop = watch(async () => {
      asked++;
      return asked > 2 ? false : undefined;
    });
    await settle();
    expect([asked, rights.problems()]).toEqual([2, []]);
    await context.clock.advance(60_000);
    expect(rights.problems()).toEqual([expect.stringContaining("events: create, patch in API group")]);
    await stop();
  });

  it("is not asked for again once both are granted", async () => {
    const { context, watch } = setUp();
    let asked = 0;
    const stop = watch(async () => ++asked > 0);
    await context.clock.advance(3_600_000);
    expect(asked).toBe(2);
    await stop();
  });
});

describe("a finding of validate", () => {
  it("names the right, and the rule when it is missing", () => {
    expect(rightFinding("create", true)).toEqual({ ok: true, what: "events: create in all namespaces" });
    expect(rightFinding("patch", false)).toMatchObject({ ok: false, problem: expect.stringContaining(rule) });
    const unknown = rightFinding("patch", undefined, "cannot ask: 401 Unauthorized");
    expect(unknown).toMatchObject({ ok: false, problem: expect.stringContaining("401 Unauthorized") });
  });
});

function errors(context: ReturnType<typeof testContext>): string[] {
  return context.logger.messages("error");
}

function setUp() {
  const context = testContext();
  const { clock, logger } = context;
  const granted = { times: 0 };
  const rights = new Rights({ clock, logger, onGranted: () => void granted.times++ });
  const watch = (ask: (verb: Verb) => Promise<boolean | undefined>) => {
    const stop = new AbortController();
    const watching = rights.watch(ask, () => false, stop.signal).catch(() => {});
    return async () => {
      stop.abort();
      await watching;
    };
  };
  return { context, rights, granted, watch };
}
