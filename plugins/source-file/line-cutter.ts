/**
 * Finds the whole lines in what was just read from a file. Called for each read; looks at bytes in place, copies nothing.
 * Too long a line is left out whole; NUL bytes at the beginning of a line are a hole in the file, not text.
 */
const newline = 0x0a;
const zeros = Buffer.alloc(16 * 1024);

export interface CutRules {
  readonly maxLineBytes: number;
  /** The bytes begin within a too long line that is already counted. */
  readonly skipping: boolean;
  /** More may follow in the file right now: the read stopped because the buffer was full. */
  readonly full: boolean;
}

export interface Cut {
  /** Whole lines are in [begin, end). */
  readonly begin: number;
  readonly end: number;
  /** Go on reading behind this many bytes. */
  readonly consumed: number;
  readonly skipping: boolean;
  /** Too long lines that were found here. */
  readonly tooLong: number;
  /** NUL bytes left out. */
  readonly holeBytes: number;
}

export function cutLines(bytes: Buffer, rules: CutRules): Cut {
  let { skipping } = rules;
  let begin = 0;
  let tooLong = 0;
  let holeBytes = 0;
  const nothing = (consumed: number): Cut => ({ begin: 0, end: 0, consumed, skipping, tooLong, holeBytes });

  for (;;) {
    const lineEnd = bytes.indexOf(newline, begin);
    if (skipping) {
      if (lineEnd < 0) return nothing(bytes.length);
      skipping = false;
      begin = lineEnd + 1;
      continue;
    }
    const hole = holeLength(bytes, begin);
    // A hole that ends the file waits: the writer may still fill it. One larger than the buffer is passed over.
    if (hole > 0 && begin + hole === bytes.length && !rules.full) return nothing(begin);
    begin += hole;
    holeBytes += hole;
    const lineBytes = (lineEnd < 0 ? bytes.length : lineEnd) - begin;
    if (lineBytes <= rules.maxLineBytes) break;
    tooLong++;
    skipping = true;
  }
  const end = endOfLines(bytes, begin, rules.maxLineBytes);
  return { begin, end, consumed: end, skipping, tooLong, holeBytes };
}

/**
 * Syslog daemons that write without O_APPEND go on at their old offset after copytruncate, and a crash may leave
 * blocks that were never written: both read as NUL bytes.
 */
export function holeLength(bytes: Buffer, begin: number): number {
  let at = begin;
  // Holes have been seen of gigabytes: leaps of a block each.
  while (at + zeros.length <= bytes.length && bytes.compare(zeros, 0, zeros.length, at, at + zeros.length) === 0)
    at += zeros.length;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at - begin;
}

/** Where the lines from `begin` on end: behind the last newline, or before a too long line, or before a hole. */
function endOfLines(bytes: Buffer, begin: number, maxLineBytes: number): number {
  const last = bytes.lastIndexOf(newline) + 1;
  if (last <= begin) return begin;
  let at = begin;
  // Leaps from one newline to the last one within a line's length: a few searches a buffer, not one a line.
  while (last - at > maxLineBytes + 1) {
    const lineEnd = bytes.lastIndexOf(newline, at + maxLineBytes);
    if (lineEnd < at) return beforeHole(bytes, begin, at);
    at = lineEnd + 1;
  }
  return beforeHole(bytes, begin, last);
}

function beforeHole(bytes: Buffer, begin: number, end: number): number {
  let hole = bytes.indexOf(0, begin);
  while (hole >= 0 && hole < end) {
    if (bytes[hole - 1] === newline) return hole;
    const lineEnd = bytes.indexOf(newline, hole);
    hole = lineEnd < 0 ? -1 : bytes.indexOf(0, lineEnd + 1);
  }
  return end;
}
