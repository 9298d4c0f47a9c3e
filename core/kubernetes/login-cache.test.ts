import { describe, expect, it } from "vitest";
import type { Login } from "./credentials.ts";
import { loginCache } from "./login-cache.ts";

/** Reads "1", "2", … each time; `fail` makes the next reading fail. */
function counted() {
  let now = 0;
  const state = { reads: 0, renewals: 0, fail: false };
  const current = loginCache(
    async (renew) => {
      if (state.fail) throw new Error("unreadable");
      state.reads++;
      if (renew) state.renewals++;
      return { headers: { Authorization: String(state.reads) }, tls: {} };
    },
    () => now,
  );
  const token = (login: Login) => login.headers.Authorization;
  return {
    state,
    current: async (renew = false) => token(await current(renew)),
    pass: (millis: number) => (now += millis),
  };
}

describe("a kept login", () => {
  it("is read once for a minute, and by one of those who ask together", async () => {
    const { current, pass } = counted();
    expect(await Promise.all([current(), current(), current()])).toEqual(["1", "1", "1"]);
    pass(59_999);
    expect(await current()).toBe("1");
    pass(1);
    expect(await current()).toBe("2");
  });

  it("is read again at once when the server refused it, but not for every refusal", async () => {
    const { current, pass, state } = counted();
    await current();
    expect(await current(true)).toBe("2");
    expect(await current(true)).toBe("2");
    pass(1000);
    expect(await current(true)).toBe("3");
    expect(state.renewals).toBe(2);
  });

  it("goes on while its files cannot be read", async () => {
    const { current, pass, state } = counted();
    await current();
    pass(60_000);
    state.fail = true;
    expect(await current()).toBe("1");
    state.fail = false;
    expect(await current()).toBe("2");
  });

  it("fails when there has never been one, and can be asked again", async () => {
    const { current, state } = counted();
    state.fail = true;
    await expect(current()).rejects.toThrow("unreadable");
    state.fail = false;
    expect(await current()).toBe("1");
  });
});
