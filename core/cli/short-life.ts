/**
 * Tells V8 that the process does one thing and ends, for `droplens replay`: what is compiled and collected in order to
 * be faster or smaller later does not pay. bench sparse: 0.87 of the CPU time, dense and flood 0.9.
 */
import { setFlagsFromString } from "node:v8";

/** The flags, with V8's own values. */
const flags = [
  // Else the optimizing compiler works for code that runs a few thousand times more: sparse has 10,000 drops.
  { name: "--invocation-count-for-turbofan", usual: 3000, here: 60_000 },
  // How much of the heap's limit is used up when marking begins: without a figure far below the limit.
  { name: "--incremental-marking-soft-trigger", usual: 0, here: 90 },
  { name: "--incremental-marking-hard-trigger", usual: 0, here: 95 },
];

/** By then Node has loaded what it loads late: under other flags V8 does not take what was compiled before. */
const afterMillis = 20;

export async function inShortLife<T>(work: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    for (const { name, here } of flags) setFlagsFromString(`${name}=${here}`);
  }, afterMillis);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    for (const { name, usual } of flags) setFlagsFromString(`${name}=${usual}`);
  }
}
