/** A whole run: the machine, the versions, every row. What `--json` writes and `--from` reads. Made by main.ts. */
import { execFileSync } from "node:child_process";
import { cpus, version as kernel, loadavg, totalmem } from "node:os";
import { dirname } from "node:path";
import type { Result } from "./row.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  /** Before anything began. Where it is high, wall times and latencies are the neighbours' too. */
  readonly loadAverage?: number;
}

export interface Outcome {
  readonly date: string;
  /** What repeats it. */
  readonly command: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
}

export function busy({ loadAverage = 0, cores }: Machine): string {
  return loadAverage > cores / 4 ? `, busy with other work (load ${loadAverage.toFixed(1)})` : "";
}

export function thisMachine(): Machine {
  const all = cpus();
  const memoryGigabytes = Math.round(totalmem() / 1e9);
  const [loadAverage = 0] = loadavg();
  return { processor: all[0]?.model ?? "unknown", cores: all.length, memoryGigabytes, kernel: kernel(), loadAverage };
}

/** Of the program its commit too, and whether files differ from it. */
export function versions(program: string, otelcol: string | undefined): Record<string, string> {
  const commit = said(["git", "-C", dirname(program), "describe", "--always", "--dirty"]);
  const all = {
    droplens: `${said([process.execPath, program, "--version"])} (${commit || "no commit"})`,
    node: process.version,
    grep: said(["grep", "--version"]).replace("grep (GNU grep) ", ""),
    otelcol: otelcol === undefined ? "" : said([otelcol, "--version"]).replace("otelcol version ", ""),
  };
  return Object.fromEntries(Object.entries(all).filter(([, version]) => version !== ""));
}

/** The first line that it prints; empty when it knows no such question. */
function said([file = "", ...rest]: readonly string[]): string {
  try {
    return execFileSync(file, rest, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0] ?? "";
  } catch {
    return "";
  }
}
