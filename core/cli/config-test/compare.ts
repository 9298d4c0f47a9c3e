/**
 * Compares the reports that were expected with those that came. In: what the test says, what a sink got. Out: the
 * differences, report by report; none: as expected. Called by core/cli/test-config.ts.
 */
import { isObject } from "../../config/json-schema.ts";
import type { DropReport } from "../../model/drop-report.ts";
import type { ExpectedReport } from "./test-schema.ts";

/** As it is written in a test: the packet's fields at the top, beside both ends. */
export type WrittenReport = Readonly<Record<string, unknown>>;

export interface KeyDifference {
  /** `destination.namespace` */
  readonly key: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export type ReportDifference =
  | { readonly kind: "different"; readonly index: number; readonly keys: readonly KeyDifference[] }
  | { readonly kind: "did not come"; readonly index: number; readonly expected: ExpectedReport }
  | { readonly kind: "not expected"; readonly got: WrittenReport };

/** Reports are paired so that as many as possible agree: one that is missing does not make all later ones wrong. */
export function compareReports(expected: readonly ExpectedReport[], came: readonly DropReport[]): ReportDifference[] {
  const got = came.map(asWritten);
  const differences: ReportDifference[] = [];
  let [e, g] = [0, 0];
  for (const pair of [...agreeing(expected, got), { e: expected.length, g: got.length }]) {
    for (; e < pair.e && g < pair.g; e++, g++) {
      const keys = differencesIn(expected[e], got[g]);
      differences.push({ kind: "different", index: e, keys });
    }
    for (; e < pair.e; e++) differences.push({ kind: "did not come", index: e, expected: expected[e] ?? {} });
    for (; g < pair.g; g++) differences.push({ kind: "not expected", got: got[g] ?? {} });
    [e, g] = [pair.e + 1, pair.g + 1];
  }
  return differences;
}

export function asWritten(report: DropReport): WrittenReport {
  const { drop, source, destination, count, repeat, firstMillis, lastMillis } = report;
  const firstTime = new Date(firstMillis).toISOString();
  const lastTime = new Date(lastMillis).toISOString();
  return { ...drop, source, destination, count, repeat, firstTime, lastTime };
}

interface Pair {
  readonly e: number;
  readonly g: number;
}

const maxCompared = 4_000_000;

/** The longest row of pairs that agree, in order (the longest common subsequence). */
function agreeing(expected: readonly ExpectedReport[], got: readonly WrittenReport[]): Pair[] {
  const agree = (e: number, g: number) => differencesIn(expected[e], got[g]).length === 0;
  if (expected.length * got.length > maxCompared) return [];
  const width = got.length + 1;
  const longest = new Uint16Array((expected.length + 1) * width);
  const at = (e: number, g: number) => longest[e * width + g] ?? 0;
  const agrees = new Uint8Array(longest.length);
  for (let e = expected.length - 1; e >= 0; e--) {
    for (let g = got.length - 1; g >= 0; g--) {
      agrees[e * width + g] = Number(agree(e, g));
      longest[e * width + g] = agrees[e * width + g] ? at(e + 1, g + 1) + 1 : Math.max(at(e + 1, g), at(e, g + 1));
    }
  }
  const pairs: Pair[] = [];
  for (let [e, g] = [0, 0]; e < expected.length && g < got.length; ) {
    if (agrees[e * width + g]) pairs.push({ e: e++, g: g++ });
    else if (at(e + 1, g) >= at(e, g + 1)) e++;
    else g++;
  }
  return pairs;
}

const times: ReadonlySet<string> = new Set(["firstTime", "lastTime"]);

/** Only the keys that were written are compared; null stands for a key that must not be there. */
function differencesIn(expected: unknown, got: unknown, path: readonly string[] = []): KeyDifference[] {
  if (isObject(expected) && isObject(got)) {
    const keys = Object.keys(expected).filter((key) => expected[key] !== undefined);
    return keys.flatMap((key) => differencesIn(expected[key], got[key], [...path, key]));
  }
  return isSame(expected, got, path) ? [] : [{ key: path.join("."), expected, got }];
}

function isSame(expected: unknown, got: unknown, path: readonly string[]): boolean {
  if (expected === null) return got === undefined;
  if (times.has(path[0] ?? "")) return Date.parse(String(expected)) === Date.parse(String(got));
  return JSON.stringify(expected) === JSON.stringify(got);
}
