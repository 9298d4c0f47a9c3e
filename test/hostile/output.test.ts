/**
 * What the program prints of damaged lines: samples in its log, reports on the console, in JSON lines and labels. Nothing
 * in it steers a terminal, breaks a line or a label.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { NodeStage } from "../support/node-stage.ts";
import { seeded, tellFigures, tries } from "../support/trial.ts";
import { unsafeText } from "./hostile-names.ts";
import { realLines } from "./kernel-lines.ts";
import { below, mutated } from "./mutations.ts";

it.each(["rsyslog traditional", "rsyslog file format", "journalctl-oddprefix-json.txt", "Docker"])(
  "prints nothing of damaged lines as it is: %s",
  async (framing) => {
    const stage = new NodeStage(onTestFinished);
    const lines = damagedLines(framing, tries({ long: 200_000, short: 5_000 }));
    writeFileSync(stage.log, lines);
    const config = join(stage.folder, "droplens.json");
    writeFileSync(config, JSON.stringify(configOf(stage)));
    const program = stage.run({}, { words: ["--config", config] });
    const count = lines.toString("latin1").split("\n").length - 1;
    const samples = await program.measures("all read", (now) => now.sum("droplens_lines_read_total") >= count);
    expect(await program.child.stop()).toBe(0);
    const { stdout, stderr } = program.child;
    const shown = {
      printed: `${stdout}\n${stderr}`.split("\n"),
      logged: stdout
        .split("\n")
        .filter((line) => line.startsWith('{"level"'))
        .map((line) => JSON.parse(line)),
      jsonl: readFileSync(join(stage.folder, "drops.jsonl"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
      metrics: samples.text.split("\n"),
    };
    const unsafe = Object.entries(shown).map(([where, text]) => [where, unsafeText(text)] as const);
    tellFigures({
      trial: `what is printed of damaged lines: ${framing}`,
      tries: count,
      of: "lines",
      lost: unsafe.filter(([, text]) => text !== undefined).length,
      note: `${shown.jsonl.length} reports`,
    });

    expect(unsafe.filter(([, text]) => text !== undefined)).toEqual([]);
    expect(shown.jsonl.length).toBeGreaterThan(100);
  },
);

function damagedLines(framing: string, count: number): Buffer {
  const random = seeded();
  const lines = realLines().find((group) => group.framing === framing)?.lines ?? [];
  const one = () => lines[below(lines.length, random)] as Buffer;
  return Buffer.concat(
    Array.from({ length: count }, () => Buffer.concat([mutated(one(), random, one()), Buffer.from("\n")])),
  );
}

function configOf(stage: NodeStage) {
  return {
    version: 1,
    stateFolder: join(stage.folder, "state"),
    log: { level: "debug" },
    operations: { host: "127.0.0.1", port: 0 },
    pipelines: {
      drops: {
        maxAge: "876000h",
        repeatInterval: "1s",
        source: { use: "source-file", path: stage.log },
        parser: { use: "parser-iptables" },
        sinks: [
          { use: "sink-console", color: "never" },
          { use: "sink-jsonl", path: join(stage.folder, "drops.jsonl") },
          { use: "sink-prometheus" },
        ],
      },
    },
  };
}
