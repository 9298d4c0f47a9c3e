/**
 * `node --import` this: writes the process's memory to the file that HEAP_LOG names, every five seconds. What lives in
 * the heap shows in its low points; the kernel's figures show what V8 has not given back, too.
 */
import { appendFileSync } from "node:fs";

const file = process.env.HEAP_LOG ?? "";
const sample = () => appendFileSync(file, `${JSON.stringify(process.memoryUsage())}\n`);
if (file !== "") setInterval(sample, 5000).unref();
