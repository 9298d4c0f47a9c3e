import { describe, expect, it } from "vitest";
import { describeStatus, readStatus } from "./status.ts";

function answer(status: number, text: string) {
  const parsed = text.startsWith("{") ? JSON.parse(text) : undefined;
  return { status, body: Buffer.from(text), json: () => parsed as unknown };
}

describe("a Status of the API server", () => {
  it("gives its reason, message and causes", () => {
    const causes = [
      { reason: "NamespaceTerminating", message: "namespace x is being terminated", field: "metadata.namespace" },
    ];
    const body = {
      kind: "Status",
      reason: "Forbidden",
      message: "events is forbidden",
      code: 403,
      details: { causes },
    };
    const status = readStatus(answer(403, JSON.stringify(body)));
    expect(status).toEqual({ code: 403, reason: "Forbidden", message: "events is forbidden", causes });
    expect(describeStatus(status)).toBe("403 Forbidden: events is forbidden");
  });

  it("quotes the beginning of what is no Status, made printable", () => {
    const status = readStatus(answer(502, `<html>\u001b[31mBad gateway${"x".repeat(1000)}`));
    expect(status).toMatchObject({ code: 502, reason: "", causes: [] });
    expect(status.message).toMatch(/^<html>\ufffd\[31mBad gatewayx+$/);
    expect(status.message.length).toBeLessThanOrEqual(200);
  });

  it("does not trust the server's types", () => {
    const body = { kind: "Status", reason: 7, message: null, details: { causes: ["no", { field: 1 }] } };
    expect(readStatus(answer(400, JSON.stringify(body)))).toEqual({
      code: 400,
      reason: "",
      message: "",
      causes: [{ reason: "", message: "", field: "" }],
    });
  });
});
