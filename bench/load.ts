/**
 * Log files for the benchmarks, the same for the same seed. rsyslog's RSYSLOG_FileFormat with imklog's [seconds].
 *
 *   node bench/load.ts dense|sparse|flood FILE [LINES] [SEED]
 */
import { closeSync, openSync, writeSync } from "node:fs";

export type LoadKind = "dense" | "sparse" | "flood";

export interface Load {
  readonly kind: LoadKind;
  readonly lines: number;
  readonly seed: number;
  /** Time of the first line; a line follows every 100 microseconds. */
  readonly startMillis: number;
}

export const loadPrefix = "calico-drop:";

/** What the benchmarks of issue "3 of 4" use. */
export function load(kind: LoadKind, changes: Partial<Load> = {}): Load {
  return { kind, lines: 1_000_000, seed: 20261120, startMillis: Date.parse("2026-11-20T19:00:00Z"), ...changes };
}

/** Writes the load, a megabyte at a time. Returns how many lines are drops. */
export function writeLoad(path: string, settings: Load): number {
  const file = openSync(path, "w");
  let drops = 0;
  let text = "";
  for (const line of loadLines(settings)) {
    if (line.includes(loadPrefix)) drops++;
    text += line;
    if (text.length < 1 << 20) continue;
    writeSync(file, text);
    text = "";
  }
  writeSync(file, text);
  closeSync(file);
  return drops;
}

/** Each line with its line break. */
export function* loadLines(settings: Load): Generator<string> {
  const random = mulberry32(settings.seed);
  for (let i = 0; i < settings.lines; i++) {
    const framing = framingOf(settings.startMillis, i);
    if (settings.kind === "sparse" && i % 100 !== 50) yield `${framing.other} ${otherMessage(i, random)}\n`;
    else yield `${framing.kernel}${dropMessage(settings.kind, i, random)}\n`;
  }
}

function framingOf(startMillis: number, index: number): { kernel: string; other: string } {
  const micros = index * 100;
  const millis = startMillis + Math.floor(micros / 1000);
  const second = new Date(millis).toISOString().slice(0, 19);
  const fraction = String((millis % 1000) * 1000 + (micros % 1000)).padStart(6, "0");
  const uptime = (86_400 + micros / 1e6).toFixed(6).padStart(12);
  const other = `${second}.${fraction}+00:00 node-0317`;
  return { other, kernel: `${other} kernel: [${uptime}] ` };
}

const ports = [80, 443, 53, 5432, 8080];

/** dense, sparse: 5,000 pairs of addresses with 5 ports each. flood: each line a flow of its own. */
function dropMessage(kind: LoadKind, index: number, random: () => number): string {
  const pair = kind === "flood" ? index : Math.floor(random() * 5000);
  const port = kind === "flood" ? 1 + (index % 60_000) : ports[Math.floor(random() * ports.length)];
  const source = `10.${64 + (pair >> 16)}.${(pair >> 8) & 255}.${pair & 255}`;
  const destination = `10.${128 + (pair % 7)}.${pair % 251}.${pair % 241}`;
  // A node has 110 pods.
  const inInterface = `cali${((pair % 110) * 2_654_435_761).toString(16).slice(0, 11).padStart(11, "0")}`;
  const mac = "ee:ee:ee:ee:ee:ee:5a:1f:c0:3d:77:0e:08:00";
  const id = Math.floor(random() * 65_536);
  const sourcePort = 32_768 + Math.floor(random() * 28_000);
  return (
    `${loadPrefix} IN=${inInterface} OUT=eth0 MAC=${mac} ` +
    `SRC=${source} DST=${destination} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=${id} DF PROTO=TCP ` +
    `SPT=${sourcePort} DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0 `
  );
}

/** What else a node's syslog holds. */
function otherMessage(index: number, random: () => number): string {
  const pod = `${Math.floor(random() * 1e9).toString(16)}-${index % 977}`;
  switch (index % 4) {
    case 0:
      return `kubelet[1432]: I1120 19:00:00.000000    1432 kubelet.go:2453] "SyncLoop (PLEG): event for pod" pod="shop/cart-${pod}" event={"ID":"0d1f5c2e-8d1e-4c11-9d2b-${pod}","Type":"ContainerStarted","Data":"${index}"}`;
    case 1:
      return `containerd[911]: time="2026-11-20T19:00:00.000000000Z" level=info msg="StopPodSandbox for sandbox ${pod} returns successfully" runtime=io.containerd.runc.v2 pid=${index}`;
    case 2:
      return `systemd[1]: run-containerd-runc-k8s.io-${pod}-runc.mount: Deactivated successfully. Consumed ${index % 1000} ms of CPU time, 12.3M memory peak.`;
    default:
      return `dockerd[777]: level=info msg="ignoring event" container=${pod} module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete" id=${index}`;
  }
}

/** A small seeded generator (public domain, Tommy Ettinger); quality is no matter here, repeatability is. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

if (import.meta.main) {
  const [kind = "", path, lines, seed] = process.argv.slice(2);
  if (!/^(dense|sparse|flood)$/.test(kind) || path === undefined) {
    console.error("usage: node bench/load.ts dense|sparse|flood FILE [LINES] [SEED]");
    process.exitCode = 2;
  } else {
    const changes = { ...(lines && { lines: Number(lines) }), ...(seed && { seed: Number(seed) }) };
    console.log(JSON.stringify({ drops: writeLoad(path, load(kind as LoadKind, changes)) }));
  }
}
