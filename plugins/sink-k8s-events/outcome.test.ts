import { describe, expect, it } from "vitest";
import type { ApiResponse } from "../../core/kubernetes/api-server.ts";
import { type Outcome, outcomeOf, type Verb } from "./outcome.ts";

type Row = {
  name: string;
  verb?: Verb;
  status: number;
  body?: object;
  retryAfterMillis?: number;
  expect: Partial<Outcome>;
};

const terminating = { details: { causes: [{ reason: "NamespaceTerminating", message: "…" }] } };
const noRight = {
  message:
    'events is forbidden: User "system:serviceaccount:kube-system:tailer" cannot create resource "events" in API group "" in the namespace "shop"',
};

// Bodies as kube-apiserver 1.36 sends them, shortened.
const rows: readonly Row[] = [
  { name: "200 and 201 are stored", status: 201, expect: { kind: "stored" } },
  { name: "PATCH 404 is gone", verb: "patch", status: 404, expect: { kind: "gone" } },
  {
    name: "CREATE 404 of the namespace is remembered",
    status: 404,
    body: { message: 'namespaces "shop" not found' },
    expect: { kind: "discard", reason: "not_found", refusedMillis: 60_000 },
  },
  {
    name: "CREATE 404 of something else is given up alone",
    status: 404,
    body: { message: "page not found" },
    expect: { kind: "discard", reason: "not_found" },
  },
  {
    name: "a terminating namespace is remembered",
    status: 403,
    body: terminating,
    expect: { kind: "discard", reason: "namespace_terminating", refusedMillis: 60_000 },
  },
  {
    name: "a missing right is told apart from other refusals",
    status: 403,
    body: noRight,
    expect: { kind: "discard", reason: "missing_right", refusedMillis: 10_000 },
  },
  {
    name: "an exceeded quota is given up alone",
    status: 403,
    body: { message: 'events "web.1" is forbidden: exceeded quota: q' },
    expect: { kind: "discard", reason: "forbidden" },
  },
  { name: "400 is invalid", status: 400, expect: { kind: "discard", reason: "invalid" } },
  { name: "422 is invalid", status: 422, expect: { kind: "discard", reason: "invalid" } },
  { name: "CREATE 409 is a taken name", status: 409, expect: { kind: "conflict" } },
  { name: "PATCH 409 comes again", verb: "patch", status: 409, expect: { kind: "retry", why: "server_error" } },
  {
    name: "429 comes again when the server says",
    status: 429,
    retryAfterMillis: 3000,
    expect: { kind: "retry", why: "throttled", retryAfterMillis: 3000 },
  },
  { name: "503 comes again", status: 503, expect: { kind: "retry", why: "server_error" } },
  {
    name: "a webhook that fails is no sign of an overloaded server",
    status: 500,
    body: { message: 'Internal error occurred: failed calling webhook "x.example": timeout' },
    expect: { kind: "retry", why: "webhook_failed" },
  },
  {
    name: "401 comes again when the token is read anew",
    status: 401,
    expect: { kind: "retry", why: "unauthorized", retryAfterMillis: 60_000 },
  },
];

describe("the outcome of a request", () => {
  for (const row of rows) {
    it(row.name, () => {
      expect(outcomeOf(row.verb ?? "create", answer(row))).toMatchObject(row.expect);
    });
  }

  it("does not remember the namespace for what concerns one event", () => {
    for (const row of rows.filter(({ name }) => name.includes("alone"))) {
      expect(outcomeOf("create", answer(row))).not.toHaveProperty("refusedMillis");
    }
  });

  it("does not stumble over a proxy's answer that is no JSON", () => {
    const body = Buffer.from("<html>\u001b[31m bad gateway");
    const outcome = outcomeOf("create", { status: 502, body, json: () => undefined });
    expect(outcome).toMatchObject({ kind: "retry", problem: expect.stringContaining("bad gateway") });
    expect(JSON.stringify(outcome)).not.toContain("\\u001b");
  });
});

function answer({ status, body, retryAfterMillis }: Row): ApiResponse {
  const json = { kind: "Status", status: "Failure", ...body };
  const response = { status, body: Buffer.from(JSON.stringify(json)), json: () => json };
  return retryAfterMillis === undefined ? response : { ...response, retryAfterMillis };
}
