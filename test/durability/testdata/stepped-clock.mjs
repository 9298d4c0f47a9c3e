/**
 * `node --import` this: the process's wall clock goes wrong by as many milliseconds as the file CLOCK_FILE says, also
 * when that changes. Timers go on as they would: a real clock that is set moves none of them either.
 */
import { readFileSync } from "node:fs";

const RealDate = Date;
let offset = readOffset();
setInterval(() => {
  offset = readOffset();
}, 10).unref();

function readOffset() {
  return Number(readFileSync(process.env.CLOCK_FILE, "utf8")) || 0;
}

globalThis.Date = class SteppedDate extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offset);
    else super(...parts);
  }
  static now() {
    return RealDate.now() + offset;
  }
};
