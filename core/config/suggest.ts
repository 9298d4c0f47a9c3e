/** "Did you mean …?" for keys, values and plugin names. Called by explain.ts and load-plugin.ts. */

/** ` (did you mean "path"?)`, or nothing when no candidate is near. */
export function didYouMean(written: string, candidates: Iterable<string>): string {
  const nearest = suggest(written, candidates);
  return nearest === undefined ? "" : ` (did you mean "${nearest}"?)`;
}

/** The candidate with the fewest edits, if these are fewer than a third of its length. */
export function suggest(written: string, candidates: Iterable<string>): string | undefined {
  if (written.length > maxLength) return undefined;
  const lower = written.toLowerCase();
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance <= allowedEdits(candidate) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

const maxLength = 100;

function allowedEdits(candidate: string): number {
  return Math.max(1, Math.floor(candidate.length / 3));
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
