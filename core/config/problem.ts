/**
 * What is wrong with a config, in words for the person who wrote it. Collected by every step of loadConfig,
 * printed all at once by the commands, one line each.
 */
import { printable } from "../model/printable.ts";
import { type ConfigDocument, type KeyPath, type Position, positionAt } from "./config-node.ts";

export interface Problem {
  /** The file, "environment", or the built-in bundle's name. */
  readonly origin: string;
  readonly position?: Position | undefined;
  /** Empty for the config as a whole. */
  readonly path: KeyPath;
  readonly message: string;
}

/** A problem at a value of `document`; `at: "key"` points to the key before it. */
export function problemAt(
  document: ConfigDocument,
  path: KeyPath,
  what: { readonly message: string; readonly at?: "key" | "value"; readonly shown?: KeyPath },
): Problem {
  const position = positionAt(document.root, path, what.at);
  return { origin: document.origin, position, path: what.shown ?? path, message: what.message };
}

/** `droplens.yaml:7:7 pipelines.drops.source: unknown key "pth" (did you mean "path"?)` */
export function formatProblem(problem: Problem): string {
  const path = formatPath(problem.path);
  const text = `${formatPlace(problem.origin, problem.position)}${path === "" ? "" : ` ${path}`}: ${problem.message}`;
  return printable(text, maxProblemBytes);
}

/** A line each; of a file that is wrong from top to bottom the first ones. */
export function formatProblems(problems: readonly Problem[]): string[] {
  const lines = problems.slice(0, maxProblemsTold).map(formatProblem);
  const left = problems.length - lines.length;
  return left === 0 ? lines : [...lines, `… and ${left} more problems`];
}

export function formatPlace(origin: string, position: Position | undefined): string {
  return position === undefined ? origin : `${origin}:${position.line}:${position.column}`;
}

/** `pipelines.drops.sinks[0].url`; a key that is no plain word is quoted: `pipelines["my drops"]`. */
export function formatPath(path: KeyPath): string {
  return path.map((key, i) => formatKey(key, i === 0)).join("");
}

/** In the order in which a person goes through the file. */
export function byPosition(a: Problem, b: Problem): number {
  const [left, right] = [a.position, b.position];
  if (left === undefined || right === undefined) return Number(right === undefined) - Number(left === undefined);
  return left.line - right.line || left.column - right.column;
}

const maxProblemBytes = 2000;
const maxProblemsTold = 100;

function formatKey(key: string | number, first: boolean): string {
  if (typeof key === "number") return `[${key}]`;
  if (!/^[\w-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
  return first ? key : `.${key}`;
}
