import { describe, expect, it } from "vitest";
import { tailerEnvironment } from "./tailer-environment.ts";

const required = { IPTABLES_LOG_PATH: "/var/log/iptables.log", IPTABLES_LOG_PREFIX: "calico-drop:" };

describe("what the Go tailer's environment requires", () => {
  it("is a log and a prefix, and nothing else", () => {
    expect(tailerEnvironment(required)).toMatchObject({ problems: [], warnings: [], environment: required });
  });

  it.each([
    ["both are missing", {}, ["IPTABLES_LOG_PATH (or JOURNAL_DIRECTORY)", "IPTABLES_LOG_PREFIX"]],
    [
      "empty is missing",
      { IPTABLES_LOG_PATH: "", IPTABLES_LOG_PREFIX: "" },
      ["IPTABLES_LOG_PATH", "IPTABLES_LOG_PREFIX"],
    ],
    ["a label needs its name", { ...required, POD_IDENTIFIER: "label" }, ["POD_IDENTIFIER_LABEL is not set"]],
  ])("is named: %s", (_, given, problems) => {
    const told = tailerEnvironment(given).problems;
    expect(told).toHaveLength(problems.length);
    for (const [i, problem] of problems.entries()) expect(told[i]).toContain(problem);
  });

  it("is a journal's folder as well as a file; the journal comes first, as with the Go tailer (main.go)", () => {
    const journal = { JOURNAL_DIRECTORY: "/var/log/journal" };
    expect(tailerEnvironment({ ...journal, IPTABLES_LOG_PREFIX: "p:" })).toMatchObject({ problems: [], warnings: [] });
    const { problems, warnings } = tailerEnvironment({ ...required, ...journal });
    expect(problems).toEqual([]);
    expect(warnings).toEqual(["IPTABLES_LOG_PATH is left aside: JOURNAL_DIRECTORY is set, and comes first"]);
  });
});

describe("an optional number", () => {
  it.each([
    ["METRICS_SERVER_PORT", "8080", "8080"],
    ["METRICS_SERVER_PORT", "+8080", "8080"],
    ["PACKET_DROP_EXPIRATION_MINUTES", "007", "7"],
    ["REPEATED_EVENTS_INTERVAL_MINUTES", "0", "0"],
    ["WATCH_LOGS_INTERVAL_SECONDS", "", undefined],
  ])("is taken as Go's Atoi takes it: %s=%s", (name, written, value) => {
    const { environment, warnings } = tailerEnvironment({ ...required, [name]: written });
    expect(environment[name]).toBe(value);
    expect(warnings).toEqual([]);
  });

  it.each([
    ["METRICS_SERVER_PORT", "web", 'METRICS_SERVER_PORT: "web" is no whole number: using the default, 9090'],
    [
      "PACKET_DROP_CHANNEL_BUFFER_SIZE",
      "1e3",
      'PACKET_DROP_CHANNEL_BUFFER_SIZE: "1e3" is no whole number: using the default, 100',
    ],
    [
      "PACKET_DROP_EXPIRATION_MINUTES",
      "-5",
      'PACKET_DROP_EXPIRATION_MINUTES: "-5" is less than 1: using the default, 10',
    ],
    [
      "REPEATED_EVENTS_INTERVAL_MINUTES",
      "2.5",
      'REPEATED_EVENTS_INTERVAL_MINUTES: "2.5" is no whole number: using the default, 2',
    ],
    ["WATCH_LOGS_INTERVAL_SECONDS", "5s", 'WATCH_LOGS_INTERVAL_SECONDS: "5s" is no whole number: using the default, 5'],
  ])("that is none gets a warning and the default: %s=%s", (name, written, warning) => {
    const { environment, warnings } = tailerEnvironment({ ...required, [name]: written });
    expect(environment[name]).toBeUndefined();
    expect(warnings).toEqual([warning]);
  });
});

describe("an optional word", () => {
  it.each([
    ["debug", "debug"],
    ["WARN", "warn"],
    ["Error", "error"],
    ["FATAL", "error"],
  ])("LOG_LEVEL is read in either case: %s", (written, level) => {
    const { environment, warnings } = tailerEnvironment({ ...required, LOG_LEVEL: written });
    expect([environment.LOG_LEVEL, warnings]).toEqual([level, []]);
  });

  it("that is unknown gets a warning and the default", () => {
    const given = { ...required, LOG_LEVEL: "inof", POD_IDENTIFIER: "pod" };
    const { environment, warnings } = tailerEnvironment(given);
    expect(environment).toMatchObject({ LOG_LEVEL: undefined, POD_IDENTIFIER: undefined });
    expect(warnings[0]).toMatch(/^LOG_LEVEL: "inof" is none of .*did you mean "info"\? Using the default, info$/);
    expect(warnings[1]).toMatch(/^POD_IDENTIFIER: "pod" is none of namespace, name, label, name_with_namespace/);
  });

  it("SERVICE_LOG_PATHS is answered, not ignored", () => {
    expect(tailerEnvironment({ ...required, SERVICE_LOG_PATHS: "/var/log/x" }).warnings).toHaveLength(1);
  });
});
