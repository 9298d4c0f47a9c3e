/** Whether a Collector takes a signal: what `droplens validate` asks of sink-otel and of telemetry.otlp. */
import { describeError } from "../plugin/errors.ts";
import type { Finding } from "../plugin/lifecycle.ts";
import type { Outcome } from "./outcome.ts";
import type { SignalSettings } from "./settings.ts";
import { readTlsMaterial } from "./tls-material.ts";

/** `send`: an empty request, which is answered like a full one. */
export async function probe(settings: SignalSettings, send: () => Promise<Outcome>): Promise<Finding> {
  const what = `send ${settings.signal} to ${settings.endpoint.url.href} (${settings.protocol})`;
  try {
    await readTlsMaterial(settings.tls);
    const outcome = await send();
    return outcome.kind === "stored" ? { ok: true, what } : { ok: false, what, problem: outcome.error };
  } catch (error) {
    return { ok: false, what, problem: describeError(error) };
  }
}
