/**
 * Reads the `OTEL_*` variables as the specification wants: the signal's own before the general one, empty as unset, and
 * what makes no sense is ignored with a warning. Environment in, texts and numbers out; called by settings.ts.
 */
import type { Environment } from "../plugin/context.ts";

export type Signal = "logs" | "metrics";

/** A value with the name of its variable, for messages. */
export interface Variable {
  readonly name: string;
  readonly text: string;
}

export class OtelEnvironment {
  /** What was ignored, a sentence each. */
  readonly warnings: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  variable(name: string): Variable | undefined {
    const text = this.#environment[name]?.trim() ?? "";
    return text === "" ? undefined : { name, text };
  }

  /** OTEL_EXPORTER_OTLP_<SIGNAL>_<key>. */
  own(signal: Signal, key: string): Variable | undefined {
    return this.variable(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${key}`);
  }

  /** OTEL_EXPORTER_OTLP_<key>. */
  general(key: string): Variable | undefined {
    return this.variable(`OTEL_EXPORTER_OTLP_${key}`);
  }

  either(signal: Signal, key: string): Variable | undefined {
    return this.own(signal, key) ?? this.general(key);
  }

  /** One of `words`, or undefined. */
  oneOf<W extends string>(variable: Variable | undefined, words: readonly W[]): W | undefined {
    const word = words.find((known) => known === variable?.text.toLowerCase());
    if (variable !== undefined && word === undefined) this.#ignore(variable, `expected ${words.join(", ")}`);
    return word;
  }

  /** Whole milliseconds within the bounds, or undefined. */
  millis(variable: Variable | undefined, least: number, most: number): number | undefined {
    if (variable === undefined) return undefined;
    const value = /^\d+$/.test(variable.text) ? Number(variable.text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.#ignore(variable, `expected milliseconds from ${least} to ${most}`);
    return undefined;
  }

  /** `key=value,key2=value2`, percent-encoded, as in W3C baggage. */
  pairs(variable: Variable | undefined): Record<string, string> {
    const pairs: Record<string, string> = {};
    for (const part of variable?.text.split(",") ?? []) {
      if (part.trim() === "" || variable === undefined) continue;
      const [key, value] = decodedPair(part);
      if (key === "" || value === undefined) this.#ignore(variable, "expected key=value,key=value, percent-encoded");
      else pairs[key] = value;
    }
    return pairs;
  }

  /** Values may be secret: only the name is told. */
  #ignore({ name }: Variable, expected: string): void {
    const warning = `${name} is ignored: ${expected}`;
    if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }
}

function decodedPair(part: string): [key: string, value: string | undefined] {
  const at = part.indexOf("=");
  if (at < 0) return ["", undefined];
  try {
    return [decodeURIComponent(part.slice(0, at).trim()), decodeURIComponent(part.slice(at + 1).trim())];
  } catch {
    return ["", undefined];
  }
}
