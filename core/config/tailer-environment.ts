/**
 * The environment variables of box/kube-iptables-tailer, made fit for the bundle that reads them. In: the process's
 * environment. Out: the same with bad optional values replaced by their defaults, as the Go tailer does (util/envar.go:
 * a warning, then the default), warnings, and problems where a required one is missing. Called by loadConfig when no
 * config file is used; a copy of the bundle reads the variables as they are.
 */
import type { Environment } from "../plugin/context.ts";
import { suggest } from "./suggest.ts";

export interface TailerEnvironment {
  readonly environment: Environment;
  readonly warnings: readonly string[];
  /** What is missing, a sentence each. */
  readonly problems: readonly string[];
}

/** `readsFiles`: the lines come from elsewhere (`droplens replay FILE`), so none of the inputs is required. */
export function tailerEnvironment(given: Environment, { readsFiles = false } = {}): TailerEnvironment {
  const warnings: string[] = [];
  const environment: Record<string, string | undefined> = { ...given };
  for (const number of numbers) environment[number.name] = wholeNumber(number, given[number.name], warnings);
  environment.LOG_LEVEL = logLevel(given.LOG_LEVEL, warnings);
  environment.POD_IDENTIFIER = podIdentifier(given.POD_IDENTIFIER, warnings);
  if (isSet(given.SERVICE_LOG_PATHS)) {
    warnings.push("SERVICE_LOG_PATHS is not supported: the log goes to standard output, where kubectl logs reads it");
  }
  if (!readsFiles && isSet(given.JOURNAL_DIRECTORY) && isSet(given.IPTABLES_LOG_PATH)) {
    warnings.push("IPTABLES_LOG_PATH is left aside: JOURNAL_DIRECTORY is set, and comes first");
  }
  return { environment, warnings, problems: missing(given, readsFiles) };
}

interface OptionalNumber {
  readonly name: string;
  readonly fallback: number;
  readonly least: number;
}

/** Defaults of the Go tailer (util/envar.go); the bundle has the same. */
const numbers: readonly OptionalNumber[] = [
  { name: "METRICS_SERVER_PORT", fallback: 9090, least: 0 },
  { name: "PACKET_DROP_CHANNEL_BUFFER_SIZE", fallback: 100, least: 1 },
  { name: "PACKET_DROP_EXPIRATION_MINUTES", fallback: 10, least: 1 },
  { name: "REPEATED_EVENTS_INTERVAL_MINUTES", fallback: 2, least: 0 },
  { name: "WATCH_LOGS_INTERVAL_SECONDS", fallback: 5, least: 1 },
];

function wholeNumber({ name, fallback, least }: OptionalNumber, written = "", warnings: string[]): string | undefined {
  if (written === "") return undefined;
  // What strconv.Atoi takes.
  const value = /^[+-]?\d{1,15}$/.test(written) ? Number(written) : Number.NaN;
  if (value >= least) return String(value);
  const expected = Number.isNaN(value) ? "is no whole number" : `is less than ${least}`;
  warnings.push(`${name}: ${JSON.stringify(written.slice(0, 50))} ${expected}: using the default, ${fallback}`);
  return undefined;
}

/** zap's levels; those above error have no counterpart here. */
const zapLevels: Readonly<Record<string, string>> = {
  debug: "debug",
  info: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  dpanic: "error",
  panic: "error",
  fatal: "error",
};

function logLevel(written = "", warnings: string[]): string | undefined {
  if (written === "") return undefined;
  const level = zapLevels[written.toLowerCase()];
  if (level === undefined) warnings.push(`LOG_LEVEL: ${unknownWord(written, Object.keys(zapLevels))}, info`);
  return level;
}

const podIdentifiers: readonly string[] = ["namespace", "name", "label", "name_with_namespace"];

function podIdentifier(written = "", warnings: string[]): string | undefined {
  if (written === "" || podIdentifiers.includes(written)) return written;
  warnings.push(`POD_IDENTIFIER: ${unknownWord(written, podIdentifiers)}, namespace`);
  return undefined;
}

function unknownWord(written: string, known: readonly string[]): string {
  const nearest = suggest(written, known);
  const hint = nearest === undefined ? "." : `; did you mean "${nearest}"?`;
  return `${JSON.stringify(written.slice(0, 50))} is none of ${known.join(", ")}${hint} Using the default`;
}

function missing(given: Environment, readsFiles: boolean): string[] {
  const problems: string[] = [];
  if (!readsFiles && !isSet(given.IPTABLES_LOG_PATH) && !isSet(given.JOURNAL_DIRECTORY)) {
    problems.push(
      "IPTABLES_LOG_PATH (or JOURNAL_DIRECTORY) is not set: set it to the file with the kernel's log lines",
    );
  }
  if (!isSet(given.IPTABLES_LOG_PREFIX)) {
    problems.push('IPTABLES_LOG_PREFIX is not set: set it to what the rules write, like "calico-drop:" (--log-prefix)');
  }
  // The Go tailer ends at the first dropped packet here; say it before anything starts.
  if (given.POD_IDENTIFIER === "label" && !isSet(given.POD_IDENTIFIER_LABEL)) {
    problems.push("POD_IDENTIFIER_LABEL is not set, and POD_IDENTIFIER=label needs it: name the pods' label");
  }
  return problems;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
