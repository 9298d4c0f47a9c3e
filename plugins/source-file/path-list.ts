/**
 * Which paths are read: those that the config names, and those that its globs match now.
 * Asked at the start and after each change of a folder; the matches are sorted, so that the order is always the same.
 */
import { glob } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { basesOfRotated, isCompressed } from "./rotated-files.ts";

/** Files read at once by one source, at most. */
export const maxFiles = 1000;

export interface PathMatches {
  readonly paths: readonly string[];
  /** Globs that match nothing, and that are to be watched for. */
  readonly unmatched: readonly string[];
  /** Matches beyond `maxFiles`, which are not read. */
  readonly excess: number;
}

export class PathList {
  /** Named in the config: read whatever becomes of them. */
  readonly explicit: readonly string[];
  readonly globs: readonly string[];
  readonly #entries: readonly { readonly path: string; readonly isGlob: boolean }[];

  constructor(paths: readonly string[]) {
    this.#entries = paths.map((path) => ({ path: resolve(path), isGlob: /[*?]/.test(path) }));
    this.explicit = this.#entries.filter((entry) => !entry.isGlob).map((entry) => entry.path);
    this.globs = this.#entries.filter((entry) => entry.isGlob).map((entry) => entry.path);
  }

  /** `known` are paths that are being read: a match that is a rotated file of one of them is left to it. */
  async match(known: Iterable<string>): Promise<PathMatches> {
    const paths = new Set<string>();
    const matches = new Set<string>();
    const unmatched: string[] = [];
    for (const { path, isGlob } of this.#entries) {
      const found = isGlob ? await globbed(path) : [path];
      if (isGlob && found.length === 0) unmatched.push(path);
      for (const one of found) (isGlob ? matches : paths).add(one);
      for (const one of found) paths.add(one);
    }
    const bases = new Set([...paths, ...known]);
    const kept = [...paths].filter((path) => !matches.has(path) || !isRotatedOf(path, bases));
    return { paths: kept.slice(0, maxFiles), unmatched, excess: Math.max(0, kept.length - maxFiles) };
  }

  /** The folders in which a new match of a glob may appear: where its fixed part ends. */
  folders(): readonly string[] {
    const fixed = this.globs.map((pattern) => {
      const parts = pattern.split("/");
      return (
        parts
          .slice(
            0,
            parts.findIndex((part) => /[*?]/.test(part)),
          )
          .join("/") || "/"
      );
    });
    return [...new Set([...this.explicit.map((path) => dirname(path)), ...fixed])];
  }
}

async function globbed(pattern: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob(pattern)) {
    if (!isCompressed(path)) found.push(path);
    if (found.length >= 10 * maxFiles) break;
  }
  return found.sort();
}

function isRotatedOf(path: string, bases: ReadonlySet<string>): boolean {
  return basesOfRotated(basename(path)).some((base) => bases.has(join(dirname(path), base)));
}
