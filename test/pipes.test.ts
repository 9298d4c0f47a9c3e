/**
 * Droplens as a part of a pipe, from outside: `journalctl -k | droplens run | head`. All tests run at once, each with a
 * process and a folder of its own.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Child, type ChildOptions, droplens } from "./support/child.ts";
import { imbalance, kernelLine } from "./support/node-stage.ts";
import { tempFolder } from "./support/temp-folder.ts";
import { MetricSamples } from "./system/program.ts";

type Finish = (clean: () => void | Promise<void>) => void;

interface Wanted {
  readonly sinks: readonly string[];
  /** Further pipelines and keys. */
  readonly more?: string;
  readonly repeatInterval?: string;
}

function write(folder: string, { sinks, more = "", repeatInterval = "1h" }: Wanted): void {
  const text = `version: 1
stateFolder: ${join(folder, "state")}
operations: { host: 127.0.0.1, port: 0 }
pipelines:
  drops:
    repeatInterval: ${repeatInterval}
    source: { use: source-stdin }
    parser: { use: parser-iptables, prefix: "kl-drop:" }
    sinks:
${sinks.map((sink) => `      - ${sink}\n`).join("")}${more}`;
  writeFileSync(join(folder, "droplens.yaml"), text);
}

function start(finish: Finish, wanted: Wanted, options: Partial<ChildOptions> = {}) {
  const folder = tempFolder(finish);
  write(folder, wanted);
  const child = droplens(["run"], { cwd: folder, ...options });
  finish(async () => {
    await child.stop("SIGKILL");
  });
  return { folder, child };
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");
const jsonOf = (text: string) => linesOf(text).map((line) => JSON.parse(line));
const packetsIn = (text: string): number => jsonOf(text).reduce((sum, { count }) => sum + count, 0);
const packetsOf = (folder: string, name: string): number => packetsIn(readFileSync(join(folder, name), "utf8"));

async function metrics(child: Child): Promise<MetricSamples> {
  const [, port] = await child.says(/"port":(\d+),.*"msg":"droplens is running"/);
  return new MetricSamples(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
}

describe.concurrent("a pipe", { timeout: 60_000 }, () => {
  it("is read to its end, everything is told, and the log is not among it", async ({ onTestFinished }) => {
    const input = [80, 443, 80, 80]
      .map((port) => kernelLine(port))
      .join("")
      .trimEnd();
    const { child } = start(onTestFinished, { sinks: ["{ use: sink-jsonl }"] }, { input });
    expect(await child.ended()).toBe(0);
    const told = jsonOf(child.stdout).map(({ destinationPort, count, repeat }) => [destinationPort, count, repeat]);
    expect(told).toEqual([
      [80, 1, false],
      [443, 1, false],
      [80, 2, true],
    ]);
    expect(jsonOf(child.stderr).map(({ msg }) => msg)).toEqual([
      "droplens is starting",
      "droplens is running",
      "droplens has stopped",
    ]);
  });

  it("tells people line by line, in colour where they ask for it", async ({ onTestFinished }) => {
    const sinks = ["{ use: sink-console }"];
    const input = kernelLine(80);
    const plain = start(onTestFinished, { sinks }, { input });
    const colored = start(onTestFinished, { sinks }, { input, environment: { FORCE_COLOR: "1" } });
    expect([await plain.child.ended(), await colored.child.ended()]).toEqual([0, 0]);
    expect(plain.child.stdout).toMatch(/^\d{4}-\S+Z 10\.77\.1\.2 → 10\.77\.2\.2 80\/TCP x1 kl-drop:\n$/);
    expect(colored.child.stdout).toContain("\u001b[36m10.77.1.2\u001b[39m");
  });

  it("leaves stdout to the log where no sink writes there, and to both where the config says so", async ({
    onTestFinished,
  }) => {
    const input = kernelLine(80);
    const stderr = start(onTestFinished, { sinks: ["{ use: sink-console, stream: stderr }"] }, { input });
    const more = "log: { destination: stdout }\n";
    const both = start(onTestFinished, { sinks: ["{ use: sink-jsonl }"], more }, { input });
    expect([await stderr.child.ended(), await both.child.ended()]).toEqual([0, 0]);
    expect(stderr.child.stderr).toMatch(/^\S+Z 10\.77\.1\.2 → .*\n$/);
    expect(linesOf(stderr.child.stdout)).toHaveLength(3);
    expect([linesOf(both.child.stdout).length, both.child.stderr]).toEqual([4, ""]);
  });

  it("whose reader has enough (`| head`) stops all in order, and the other sinks get everything", async ({
    onTestFinished,
  }) => {
    const sinks = ["{ use: sink-console }", "{ use: sink-jsonl, path: all.jsonl }"];
    const { child, folder } = start(onTestFinished, { sinks }, { keepInput: true, input: kernelLine(80) });
    await child.says(/80\/TCP x1/);
    child.closeStdout();
    for (const port of [81, 82, 81]) child.write(kernelLine(port));
    expect(await child.ended()).toBe(0);
    expect(packetsOf(folder, "all.jsonl")).toBe(4);
    expect(jsonOf(child.stderr).at(-1)).toMatchObject({ msg: "droplens has stopped" });
    expect(child.stderr).not.toContain("left open");
  });

  const flows = 5000;
  const manyFlows = Array.from({ length: flows }, (_, i) => kernelLine(1 + i)).join("");
  const slowly = (whenFull: string) => [
    `{ use: sink-jsonl, queue: { capacity: 200, maxBatch: 50, whenFull: ${whenFull} } }`,
    "{ use: sink-jsonl, name: file, path: all.jsonl }",
  ];
  const discardedOf = async (child: Child) =>
    (await metrics(child)).sum("droplens_packets_discarded_total", { sink: "sink-jsonl", reason: "queue_full" });

  it("whose reader stops for seconds makes its sink alone lose what is new, counted", async ({ onTestFinished }) => {
    const { child, folder } = start(onTestFinished, { sinks: slowly("discard") }, { keepInput: true });
    const goOn = child.holdStdout();
    child.write(manyFlows);
    const lost = await child.until(
      "all read",
      async () => {
        const now = await metrics(child);
        return now.sum("droplens_lines_matched_total") === flows ? await discardedOf(child) : undefined;
      },
      40_000,
    );
    expect(lost).toBeGreaterThan(0);
    goOn();
    child.endInput();
    expect(await child.ended()).toBe(0);
    expect([packetsIn(child.stdout) + lost, packetsOf(folder, "all.jsonl")]).toEqual([flows, flows]);
  });

  it("whose reader stops for seconds is waited for where its queue says so, and nothing is lost", async ({
    onTestFinished,
  }) => {
    const { child, folder } = start(onTestFinished, { sinks: slowly("wait") }, { keepInput: true });
    const goOn = child.holdStdout();
    child.write(manyFlows);
    await child.until("some read", async () => (await metrics(child)).sum("droplens_lines_matched_total") > 0);
    // Three times what a sink may hold up the others otherwise.
    await sleep(3000);
    const held = await metrics(child);
    expect(held.sum("droplens_lines_matched_total")).toBeLessThan(flows);
    expect(await discardedOf(child)).toBe(0);
    goOn();
    child.endInput();
    expect(await child.ended()).toBe(0);
    expect([packetsIn(child.stdout), packetsOf(folder, "all.jsonl")]).toEqual([flows, flows]);
  });

  it("that stays open and silent does not hold a stop", async ({ onTestFinished }) => {
    const sinks = ["{ use: sink-jsonl, path: all.jsonl }"];
    const input = kernelLine(80).repeat(3) + kernelLine(81).slice(0, 50);
    const { child, folder } = start(onTestFinished, { sinks }, { keepInput: true, input });
    await child.until("all matched", async () => (await metrics(child)).sum("droplens_lines_matched_total") === 3);
    expect(await child.stop("SIGTERM")).toBe(0);
    expect([packetsOf(folder, "all.jsonl"), child.stderr]).toEqual([3, ""]);
  });

  it("is read on through a reload, with the beginning of a line that had come before it", async ({
    onTestFinished,
  }) => {
    const sinks = ["{ use: sink-jsonl, path: all.jsonl }"];
    const [first, second] = [kernelLine(80), kernelLine(81)];
    const { child, folder } = start(onTestFinished, { sinks }, { keepInput: true, input: first });
    await child.until("the first", async () => (await metrics(child)).sum("droplens_lines_matched_total") === 1);
    child.write(second.slice(0, 60));
    write(folder, { sinks: [...sinks, "{ use: sink-jsonl, name: more, path: more.jsonl, when: { ports: 81 } }"] });
    child.kill("SIGHUP");
    await child.says(/the config is reloaded/);
    child.write(second.slice(60) + kernelLine(82));
    child.endInput();
    expect(await child.ended()).toBe(0);
    expect([packetsOf(folder, "all.jsonl"), packetsOf(folder, "more.jsonl")]).toEqual([3, 1]);
  });

  it("has one reader: a config with two is refused, by place", async ({ onTestFinished }) => {
    const more = `  other:
    source: { use: source-stdin }
    parser: { use: parser-iptables }
    sinks: [{ use: sink-console }]
`;
    const { child } = start(onTestFinished, { sinks: ["{ use: sink-console }"], more });
    expect(await child.ended()).toBe(2);
    expect(child.stderr).toBe(
      "droplens.yaml:12:13 pipelines.other.source: stdin has one reader only, and pipelines.drops.source reads it already: give this pipeline another source\n",
    );
  });
});

describe.concurrent("several pipelines and sinks", { timeout: 60_000 }, () => {
  it("in one process: each sink gets what its `when` says, and all books balance", async ({ onTestFinished }) => {
    const more = `  files:
    source: { use: source-file, path: kern.log }
    parser: { use: parser-iptables, prefix: "kl-drop:" }
    sinks:
      - { use: sink-jsonl, path: files.jsonl }
`;
    const sinks = [
      "{ use: sink-jsonl, path: all.jsonl }",
      '{ use: sink-jsonl, name: web, path: web.jsonl, when: [{ ports: [80, "8000-8999"] }, { ports: 443 }] }',
      "{ use: sink-jsonl, name: rest, path: rest.jsonl, format: gke, when: { protocols: tcp, not: { ports: [80, 443] } } }",
    ];
    const folder = tempFolder(onTestFinished);
    write(folder, { sinks, more, repeatInterval: "0s" });
    writeFileSync(join(folder, "kern.log"), kernelLine(80) + kernelLine(22));
    const input = [80, 80, 443, 8080, 22, 22, 22].map((port) => kernelLine(port)).join("");
    const child = droplens(["run"], { cwd: folder, input, keepInput: true });
    onTestFinished(async () => {
      await child.stop("SIGKILL");
    });
    const samples = await child.until("all read", async () => {
      const now = await metrics(child);
      const settled = now.sum("droplens_packets_delivered_total") + now.sum("droplens_packets_discarded_total");
      return settled === 3 * 7 + 2 ? now : undefined;
    });
    expect(imbalance(samples)).toEqual({ "sink-jsonl": 0, web: 0, rest: 0 });
    expect(imbalance(samples, "files")).toEqual({ "sink-jsonl": 0 });
    const notSelected = (sink: string) =>
      samples.sum("droplens_packets_discarded_total", { pipeline: "drops", sink, reason: "not_selected" });
    expect(["sink-jsonl", "web", "rest"].map(notSelected)).toEqual([0, 3, 3]);
    expect(await child.stop()).toBe(0);
    const names = ["all", "web", "rest", "files"];
    expect(names.map((name) => packetsOf(folder, `${name}.jsonl`))).toEqual([7, 4, 4, 2]);
    expect(jsonOf(readFileSync(join(folder, "rest.jsonl"), "utf8"))[0]).toMatchObject({
      connection: { dest_port: 8080, protocol: "tcp" },
      disposition: "deny",
    });
  });
});

describe.concurrent("a full disk", { timeout: 60_000 }, () => {
  const unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"];
  const canMount = spawnSync("unshare", [...unshare.slice(1), "mount -t tmpfs none /mnt"]).status === 0;

  it.skipIf(!canMount)(
    `is waited for, and no line is broken or lost when there is room again${canMount ? "" : " (skipped: may not mount a small disk)"}`,
    async ({ onTestFinished }) => {
      const folder = tempFolder(onTestFinished);
      mkdirSync(join(folder, "disk"));
      const sinks = ["{ use: sink-jsonl, path: disk/all.jsonl, queue: { maxBatch: 7 } }"];
      write(folder, { sinks });
      const script = `mount -t tmpfs -o size=64k none disk && dd if=/dev/zero of=disk/filler bs=1024 count=50 2>/dev/null
        (while [ ! -e room ]; do sleep 0.05; done; rm disk/filler) & "$@"; code=$?; cp disk/all.jsonl . ; exit $code`;
      const input = Array.from({ length: 60 }, (_, i) => kernelLine(1000 + i)).join("");
      const within = [...unshare, script, "sh"];
      const child = droplens(["run"], { cwd: folder, input, keepInput: true, within });
      onTestFinished(async () => {
        writeFileSync(join(folder, "room"), "");
        child.endInput();
        await child.ended();
      });
      await child.says(/delivery failed: trying again/);
      await child.says(
        /cannot write disk\/all\.jsonl \(ENOSPC\): the disk is full: make room, or lower maxBytes or keep/,
      );
      writeFileSync(join(folder, "room"), "");
      await child.until(
        "all delivered",
        async () => (await metrics(child)).sum("droplens_packets_delivered_total") === 60,
      );
      child.endInput();
      expect(await child.ended()).toBe(0);
      expect(readdirSync(folder)).toContain("all.jsonl");
      const ports = jsonOf(readFileSync(join(folder, "all.jsonl"), "utf8")).map(
        ({ destinationPort }) => destinationPort,
      );
      expect(ports).toEqual(Array.from({ length: 60 }, (_, i) => 1000 + i));
    },
  );
});
