/**
 * The API server of the latency benchmark, as a process of its own: N pods, and a line for each event as it is stored.
 * Prints {"url"} when it listens, then {"message","at"}; `at` is Date.now() with fractions. SIGTERM ends it.
 *
 *   node bench/event-server.ts PODS
 */
import { startFakeKubernetes } from "../core/testkit/fake-kubernetes/index.ts";
import { madeUpPod } from "./scale/made-up-pods.ts";

const server = await startFakeKubernetes({ historyLength: 10_000 });
const pods = Number(process.argv[2] ?? "10000");
for (let index = 0; index < pods; index++) server.put(madeUpPod(index));
server.onChange("Event", (type, event) => {
  const at = performance.timeOrigin + performance.now();
  if (type === "ADDED") console.log(JSON.stringify({ message: event.message, at }));
});
console.log(JSON.stringify({ url: server.url }));

process.once("SIGTERM", () => void server.stop());
