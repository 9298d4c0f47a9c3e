/** All that `npm run bench` measures, in the order of the table. */
import type { Work } from "./work.ts";
import { idle } from "./works/idle.ts";
import { latency } from "./works/latency.ts";
import { journal, kmsg } from "./works/node-logs.ts";
import { otel } from "./works/otel.ts";
import { pods10k, pods100k, ready } from "./works/pods.ts";
import { dense, flood, sparse } from "./works/scan.ts";

export const works: readonly Work[] = [
  dense,
  sparse,
  flood,
  pods10k,
  pods100k,
  ready,
  latency,
  idle,
  kmsg,
  journal,
  otel,
];
