/**
 * Asks the `when` of a sink of each report: does this sink get it? Made once for a queue, called for every report that
 * is offered to it.
 */
import type { Condition, EndMatch, Match, PortRange, When } from "../config/when.ts";
import type { DropReport } from "../model/drop-report.ts";
import type { Endpoint } from "../model/endpoint.ts";

export type Selects = (report: DropReport) => boolean;

export function selection(when: When): Selects {
  const tests = when.map(conditionTest);
  return (report) => tests.some((test) => test(report));
}

function conditionTest({ not = [], ...match }: Condition): Selects {
  const wanted = matchTest(match);
  const unwanted = not.map(matchTest);
  return (report) => wanted(report) && !unwanted.some((test) => test(report));
}

function matchTest(match: Match): Selects {
  const { source, destination, logPrefixes, protocols, ports } = match;
  const tests: Selects[] = eitherEndTests(match);
  if (source !== undefined)
    tests.push(
      ...endTests(source).map(
        (test): Selects =>
          (report) =>
            test(report.source),
      ),
    );
  if (destination !== undefined) {
    tests.push(
      ...endTests(destination).map(
        (test): Selects =>
          (report) =>
            test(report.destination),
      ),
    );
  }
  if (logPrefixes !== undefined) {
    // A rule's prefix is read without its trailing space; people copy it with the space.
    const fits = globs(logPrefixes.map((prefix) => prefix.trimEnd()));
    tests.push(({ drop }) => drop.logPrefix !== undefined && fits(drop.logPrefix));
  }
  if (protocols !== undefined) {
    tests.push(({ drop }) => drop.protocol !== undefined && protocols.includes(drop.protocol));
  }
  if (ports !== undefined) tests.push(({ drop }) => isWithin(drop.destinationPort, ports));
  return (report) => tests.every((test) => test(report));
}

type EndTest = (end: Endpoint) => boolean;

/** What stands at the match's own level is asked of both ends: one that fits is enough. */
function eitherEndTests({ namespaces, workloads, kinds }: EndMatch): Selects[] {
  return endTests({ namespaces, workloads, kinds }).map(
    (test): Selects =>
      ({ source, destination }) =>
        test(source) || test(destination),
  );
}

function endTests({ namespaces, workloads, kinds }: EndMatch): EndTest[] {
  const tests: EndTest[] = [];
  if (namespaces !== undefined) tests.push(nameTest(namespaces, (end) => end.namespace));
  if (workloads !== undefined) tests.push(nameTest(workloads, (end) => end.workload?.name ?? end.name));
  if (kinds !== undefined) tests.push((end) => kinds.includes(isNode(end) ? "node" : end.kind));
  return tests;
}

function nameTest(patterns: readonly string[], nameOf: (end: Endpoint) => string | undefined): EndTest {
  const fits = globs(patterns);
  return (end) => {
    const name = isNode(end) ? undefined : nameOf(end);
    return name !== undefined && fits(name);
  };
}

/** A pod in the node's own network cannot be told from the others there: it counts as the node. */
function isNode(end: Endpoint): boolean {
  return end.kind === "node" || end.hostNetwork === true;
}

function isWithin(port: number | undefined, ranges: readonly PortRange[]): boolean {
  return port !== undefined && ranges.some(({ from, to }) => from <= port && port <= to);
}

function globs(patterns: readonly string[]): (text: string) => boolean {
  const tests = patterns.map(globTest);
  return (text) => tests.some((test) => test(text));
}

/** No regular expression: a stranger's name could make one slow. */
function globTest(pattern: string): (text: string) => boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return (text) => text === pattern;
  return (text) => {
    if (!text.startsWith(head)) return false;
    let at = head.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - tail.length >= at && text.endsWith(tail);
  };
}
