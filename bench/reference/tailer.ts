/**
 * kube-iptables-tailer (PEER_BIN names its binary), on the same file and against the same kind of API server. It has no
 * end, so its run is over when it has used no CPU time to speak of for two seconds. It logs in as a service account
 * only, so a token must be where those are; any text will do.
 */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Daemon } from "../daemon.ts";
import { loadPrefix } from "../load.ts";
import type { Cost } from "../row.ts";
import type { Stage } from "../stage.ts";

const token = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** The binary; or why there is none to measure. */
export function tailer(stage: Stage): { readonly program: string } | { readonly missing: string } {
  const program = stage.variable("PEER_BIN");
  if (program === undefined) return { missing: "set PEER_BIN to its binary" };
  return existsSync(token) ? { program } : { missing: `PEER_BIN needs a file ${token}` };
}

/** Until it is quiet: `log` read, or all of the server's pods listed. */
export async function runTailer(
  stage: Stage,
  program: string,
  { log, server }: { readonly log: string; readonly server: string },
): Promise<{ readonly cost: Cost; readonly restMegabytes: number }> {
  const environment = {
    IPTABLES_LOG_PATH: log,
    IPTABLES_LOG_PREFIX: loadPrefix,
    KUBE_API_SERVER: server,
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT: "443",
    METRICS_SERVER_PORT: "0",
    PACKET_DROP_LOG_TIME_LAYOUT: "2006-01-02T15:04:05.000000-07:00",
    PACKET_DROP_EXPIRATION_MINUTES: "10000000",
    WATCH_LOGS_INTERVAL_SECONDS: "1",
    LOG_LEVEL: "error",
  };
  const daemon = stage.start([program], { environment });
  const cost = await untilQuiet(daemon, stage.signal);
  const restMegabytes = daemon.residentMegabytes();
  await daemon.stop("SIGKILL");
  return { cost, restMegabytes };
}

/** Its cost when it had just become quiet. */
async function untilQuiet(daemon: Daemon, signal: AbortSignal): Promise<Cost> {
  let [last, quietSeconds] = [daemon.cost(), 0];
  for (let seconds = 0; seconds < 300 && quietSeconds < 2; seconds += 0.5) {
    await sleep(500, undefined, { signal });
    const now = daemon.cost();
    const busy = seconds < 3 || now.cpuSeconds - last.cpuSeconds > 0.02;
    quietSeconds = busy ? 0 : quietSeconds + 0.5;
    if (busy) last = now;
  }
  return { ...last, peakMegabytes: daemon.peakMegabytes() };
}
