/** Durations as people write them in a config: "250ms", "5s", "10m", "2h", "7d"; a bare number is refused. */
import { z } from "zod";

const unitMillis: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, or undefined when `text` is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = unitMillis[match?.[2] ?? ""];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

const notADuration = 'not a duration: write a number with its unit, like "250ms", "5s" or "10m"';

// In the published types these two stand for any where a plugin uses another schema library and has no zod. An import
// at the head would be an error there: comments before it do not get into the .d.ts, but those before a type do.
// biome-ignore lint/suspicious/noTsIgnore: with zod there is no error to expect.
/** @ts-ignore */
type DurationSchema = import("zod").ZodPipe<import("zod").ZodString, import("zod").ZodTransform<number, string>>;
// biome-ignore lint/suspicious/noTsIgnore: with zod there is no error to expect.
/** @ts-ignore */
type DefaultedDurationSchema = import("zod").ZodPrefault<DurationSchema>;

/** An option that is written as a duration and read as milliseconds. */
export function duration(): DurationSchema;
export function duration(defaultText: string): DefaultedDurationSchema;
export function duration(defaultText?: string): DurationSchema | DefaultedDurationSchema {
  const schema = z
    .string(notADuration)
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, notADuration)
    .transform((text) => parseDuration(text) ?? 0);
  return defaultText === undefined ? schema : schema.prefault(defaultText);
}
