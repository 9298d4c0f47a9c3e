/**
 * A fake API server with many pods, in a process of its own: for benchmarks of those who list and watch them.
 *
 *   node bench/scale/pod-server.ts [PODS] [CHANGES A SECOND]       WATCH_LIST=off: as a server before 1.34
 *
 * Writes its address as one line of JSON, {"url":"http://127.0.0.1:34567","pods":10000}, when it is ready. A config
 * names it with `use: resolver-k8s, server: URL`. Ends on SIGTERM.
 */
import { startFakeKubernetes } from "../../core/testkit/fake-kubernetes/index.ts";
import { madeUpPod } from "./made-up-pods.ts";

const [pods = "10000", changesPerSecond = "0"] = process.argv.slice(2);
const count = Number(pods);
const server = await startFakeKubernetes({ watchList: process.env.WATCH_LIST !== "off", historyLength: 1000 });
for (let index = 0; index < count; index++) server.put(madeUpPod(index));

let changed = 0;
const everyMillis = 1000 / Number(changesPerSecond);
const changing = Number.isFinite(everyMillis) ? setInterval(change, everyMillis) : undefined;

/** The status of one pod after the other is written anew, as kubelets do. */
function change(): void {
  server.put(madeUpPod(changed++ % count));
}

process.once("SIGTERM", () => {
  clearInterval(changing);
  void server.stop();
});
console.log(JSON.stringify({ url: server.url, pods: count }));
