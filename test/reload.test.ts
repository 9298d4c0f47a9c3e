/**
 * `droplens run` while its config changes: by SIGHUP, and as a ConfigMap changes (a link to a folder that is exchanged).
 * All tests run at once, each with a process, an API and a folder of its own.
 */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imbalance, NodeStage, type RunningProgram, told } from "./support/node-stage.ts";
import type { MetricSamples } from "./system/program.ts";

type Finish = ConstructorParameters<typeof NodeStage>[0];

const reloaded = /the config is reloaded/;

interface Wanted {
  readonly reason?: string;
  readonly repeatInterval?: string;
  /** Lines that go under `sinks:`. */
  readonly moreSinks?: string;
  readonly morePipelines?: string;
}

function configText(stage: NodeStage, url: string, wanted: Wanted = {}): string {
  const { reason = "PacketDrop", repeatInterval = "1h", moreSinks = "", morePipelines = "" } = wanted;
  return `version: 1
stateFolder: ${join(stage.folder, "state")}
operations: { host: 127.0.0.1, port: 0 }
pipelines:
  drops:
    repeatInterval: ${repeatInterval}
    source: { use: source-file, path: ${stage.log}, pollInterval: 100ms }
    parser: { use: parser-iptables, prefix: "kl-drop:" }
    resolvers: [{ use: resolver-k8s, server: "${url}", startSpread: 0s }]
    sinks:
      - { use: sink-k8s-events, server: "${url}", reason: ${reason} }
${moreSinks}
${morePipelines}`;
}

async function start(finish: Finish) {
  const stage = new NodeStage(finish);
  const kubernetes = await stage.startKubernetes();
  writeFileSync(stage.log, "");
  const write = (wanted?: Wanted) =>
    writeFileSync(join(stage.folder, "droplens.yaml"), configText(stage, kubernetes.url, wanted));
  write();
  const program = stage.run({});
  await program.ready();
  return { stage, kubernetes, program, write };
}

async function balances(program: RunningProgram, matched: number): Promise<void> {
  const samples = await program.matched(matched);
  for (const [sink, missing] of Object.entries(imbalance(samples)))
    expect({ sink, missing }).toEqual({ sink, missing: 0 });
}

describe.concurrent("a reload", { timeout: 60_000 }, () => {
  it("exchanges the sink that has changed, and keeps the rest running", async ({ onTestFinished }) => {
    const { stage, kubernetes, program, write } = await start(onTestFinished);
    stage.drop(80, 3);
    await program.matched(3);
    const lists = () => kubernetes.requests.filter(({ path }) => path.includes("/pods?")).length;
    const listsBefore = lists();
    write({ reason: "Dropped" });
    await program.child.says(reloaded);
    stage.drop(80, 2);
    stage.drop(443);
    await balances(program, 6);
    expect(lists()).toBe(listsBefore);
    expect(await program.child.stop()).toBe(0);
    const counts = kubernetes.list("Event").map((event) => {
      const { reason, count } = event as unknown as { reason: string; count: number };
      return `${reason} ${count}`;
    });
    // Port 80: one told before; two and two repeats under the new name. Port 443: one under the new name. Each on two pods.
    expect(counts.toSorted()).toEqual([
      "Dropped 1",
      "Dropped 1",
      "Dropped 4",
      "Dropped 4",
      "PacketDrop 1",
      "PacketDrop 1",
    ]);
  });

  it("by SIGHUP refuses a broken config with its problems, while the old one goes on", async ({ onTestFinished }) => {
    const { stage, kubernetes, program, write } = await start(onTestFinished);
    writeFileSync(join(stage.folder, "droplens.yaml"), "version: 1\npipelines: { drops: { sauce: 1 } }\n");
    program.child.kill("SIGHUP");
    await program.child.says(/the new config is refused/);
    const [line] = program.child.logged("error");
    expect(line?.problems).toEqual(
      expect.arrayContaining([expect.stringMatching(/^droplens.yaml:2:23 .*unknown key "sauce"/)]),
    );
    const isKnown = (value: number) => (now: MetricSamples) =>
      now.text.includes(`\ndroplens_config_last_reload_successful ${value}\n`);
    await program.measures("an alert's gauge at 0", isKnown(0));
    stage.drop(80);
    await program.child.until("both events", async () => told(kubernetes).length === 2);
    await balances(program, 1);
    write();
    program.child.kill("SIGHUP");
    await program.measures("the gauge at 1", isKnown(1));
  });

  it("that cannot start changes nothing", async ({ onTestFinished }) => {
    const { stage, kubernetes, program, write } = await start(onTestFinished);
    write({ moreSinks: "", reason: "Dropped", morePipelines: secondPipeline(stage, stage.folder) });
    await program.child.says(/the new config cannot start.*|cannot start.*the old one goes on/);
    stage.drop(80);
    await program.child.until("both events", async () => told(kubernetes).length === 2);
    expect(
      kubernetes.list("Event").every((event) => (event as unknown as { reason: string }).reason === "PacketDrop"),
    ).toBe(true);
    await balances(program, 1);
  });

  it("adds a sink and takes it away again, and the books balance", async ({ onTestFinished }) => {
    const { stage, program, write } = await start(onTestFinished);
    stage.drop(80, 2);
    await program.matched(2);
    write({ moreSinks: "      - { use: sink-prometheus }" });
    await program.child.says(reloaded);
    stage.drop(81, 2);
    await balances(program, 4);
    const text = await program.measures("the new sink counts", (now) => now.sum("droplens_packet_drops_total") > 0);
    expect(Object.keys(imbalance(text)).toSorted()).toEqual(["sink-k8s-events", "sink-prometheus"]);
    write();
    await program.child.until(
      "the sink is gone",
      async () => Object.keys(imbalance(await program.metrics())).length === 1,
    );
    stage.drop(82);
    await balances(program, 5);
  });

  it("adds a pipeline and takes it away again", async ({ onTestFinished }) => {
    const { stage, program, write } = await start(onTestFinished);
    const other = join(stage.folder, "other.log");
    writeFileSync(other, "nothing\n");
    write({ morePipelines: secondPipeline(stage, other) });
    await program.measures(
      "the other pipeline reads",
      (now) => now.sum("droplens_lines_read_total", { pipeline: "other" }) === 1,
    );
    write();
    await program.child.until(
      "the other pipeline is gone",
      async () => !(await program.metrics()).text.includes('pipeline="other"'),
    );
    stage.drop(80);
    await balances(program, 1);
  });

  it("loses no line and tells none twice, however often it happens under load", async ({ onTestFinished }) => {
    const { stage, kubernetes, program, write } = await start(onTestFinished);
    let sent = 0;
    for (let round = 0; round < 8; round++) {
      write({ repeatInterval: `${round + 1}h`, reason: round % 2 === 0 ? "Dropped" : "PacketDrop" });
      for (let i = 0; i < 10; i++) {
        stage.drop(1000 + (i % 3), 5);
        sent += 5;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    }
    await program.child.says(reloaded);
    await balances(program, sent);
    expect(await program.child.stop()).toBe(0);
    const packets = kubernetes
      .list("Event")
      .reduce((sum, event) => sum + (event as unknown as { count: number }).count, 0);
    expect(packets).toBe(2 * sent);
  });

  it("follows a ConfigMap: the link to its folder is exchanged", async ({ onTestFinished }) => {
    const stage = new NodeStage(onTestFinished);
    const kubernetes = await stage.startKubernetes();
    writeFileSync(stage.log, "");
    const mount = join(stage.folder, "mount");
    const publish = (generation: string, wanted?: Wanted) => {
      mkdirSync(join(mount, generation), { recursive: true });
      writeFileSync(join(mount, generation, "droplens.yaml"), configText(stage, kubernetes.url, wanted));
      symlinkSync(generation, join(mount, "..data_tmp"));
      renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
    };
    publish("..2026_1");
    symlinkSync("..data/droplens.yaml", join(mount, "droplens.yaml"));
    const program = stage.run({}, { words: ["--config", join(mount, "droplens.yaml")] });
    await program.ready();
    publish("..2026_2", { reason: "Dropped" });
    await program.child.says(reloaded);
    stage.drop(80);
    await program.child.until("both events", async () => told(kubernetes).length === 2);
    expect(
      kubernetes.list("Event").every((event) => (event as unknown as { reason: string }).reason === "Dropped"),
    ).toBe(true);
  });
});

function secondPipeline(_stage: NodeStage, path: string): string {
  return `  other:
    source: { use: source-file, path: ${path}, pollInterval: 100ms }
    parser: { use: parser-iptables, prefix: "other:" }
    sinks: [{ use: sink-prometheus }]
`;
}
