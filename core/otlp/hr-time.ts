/** OpenTelemetry's time: whole seconds and nanoseconds. */
import type { HrTime } from "@opentelemetry/api";

export function hrTime(millis: number): HrTime {
  const whole = Math.max(0, Math.floor(millis));
  return [Math.floor(whole / 1000), (whole % 1000) * 1e6];
}
