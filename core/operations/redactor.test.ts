import { describe, expect, it } from "vitest";
import { Redactor } from "./redactor.ts";

describe("a redactor", () => {
  it("takes secrets out of plain text, JSON and URLs", () => {
    const redactor = new Redactor(['pass"word/1', "pass"]);
    expect(redactor.text('login pass"word/1')).toBe("login ***");
    expect(redactor.text(JSON.stringify({ error: 'no pass"word/1' }))).toBe('{"error":"no ***"}');
    expect(redactor.text("GET /?key=pass%22word%2F1")).toBe("GET /?key=***");
    expect(redactor.text("pass")).toBe("***");
  });

  it("takes the password out of any URL, and leaves JSON whole", () => {
    const line = { a: "http://me:hunter22@host/", b: "http://host:80", c: "you@host" };
    expect(JSON.parse(new Redactor().text(JSON.stringify(line)))).toEqual({ ...line, a: "http://me:***@host/" });
  });

  it("learns more, and forgets none that may still be about", () => {
    const redactor = new Redactor(["old-token"]);
    redactor.know(["new-token", "new-token-longer"]);
    expect(redactor.text("old-token new-token new-token-longer")).toBe("*** *** ***");
  });
});
