/** logrotate itself, with the configs that distributions and container images use, under load and across restarts. */
import { execFile } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { tellFigures, tries } from "../support/trial.ts";
import { type LogStage, withLogStage } from "./log-stage.ts";

/** Debian has it where only root looks. */
const program = ["/usr/sbin/logrotate", "/usr/bin/logrotate"].find((path) => existsSync(path)) ?? "";
const skipped = program === "" ? " (skipped: logrotate is not installed)" : "";
const runs = { running: tries({ long: 20, short: 3 }), stopped: tries({ long: 6, short: 2 }) };
const flowsPerSecond = 200;

interface Config {
  readonly name: string;
  readonly keys: readonly string[];
  /** The load rests while it runs: what is written between its copy and its truncation is in no file. */
  readonly copies?: true;
  /** What the program has not read is gone from the folder, or compressed: it reads all before it is stopped. */
  readonly takesAway?: true;
}

const dates = ["dateext", "dateformat -%Y%m%d-%s"];

const configs: readonly Config[] = [
  {
    name: "Debian's rsyslog",
    keys: ["create", "rotate 4", "weekly", "missingok", "notifempty", "compress", "delaycompress", "sharedscripts"],
  },
  { name: "nocreate", keys: ["nocreate", "rotate 9"] },
  { name: "dateext", keys: ["create 0640", "rotate 99", ...dates, "compress", "delaycompress"] },
  { name: "compress at once", keys: ["create", "rotate 99", ...dates, "compress"], takesAway: true },
  { name: "copytruncate", keys: ["rotate 99", "size 1", "copytruncate", "compress", "delaycompress"], copies: true },
  { name: "copytruncate with dateext", keys: ["rotate 99", "copytruncate", ...dates], copies: true },
];

describe.concurrent(`logrotate${skipped}`, { timeout: 600_000 }, () => {
  it.skipIf(program === "").each(configs)("with the config $name loses no line", (config) =>
    withLogStage({}, async (stage) => {
      const daemon = reopenWhenTold(stage);
      await rotateAndRestart(stage, config).finally(() => clearInterval(daemon));
    }),
  );
});

async function rotateAndRestart(stage: LogStage, config: Config): Promise<void> {
  const configPath = join(stage.node.folder, "logrotate.conf");
  writeFileSync(configPath, configText(stage, config), { mode: 0o644 });
  stage.load.write(1);
  let program = stage.start();
  await stage.arrived(program);
  stage.beginLoad(flowsPerSecond);
  for (let run = 0; run < runs.running; run++) {
    await sleep(300);
    await rotate(stage, config);
  }
  for (let run = 0; run < runs.stopped; run++) {
    if (config.takesAway === true) await stage.endLoad();
    await stage.finish(program);
    await rotate(stage, config);
    if (config.takesAway === true) stage.beginLoad(flowsPerSecond);
    program = stage.start();
    await sleep(300);
  }
  await stage.endLoad();
  const ended = await stage.finish(program);
  const figures = stage.figures();
  const count = runs.running + runs.stopped;
  tellFigures({ trial: `logrotate: ${config.name}`, tries: count, of: "rotations", ...figures });
  expect([ended, figures.lost, figures.overCounted]).toEqual([0, 0, 0]);
}

async function rotate(stage: LogStage, { copies }: Config): Promise<void> {
  if (copies === true) await stage.endLoad();
  const { folder } = stage.node;
  const words = ["--force", "--state", join(folder, "logrotate.state"), join(folder, "logrotate.conf")];
  await promisify(execFile)(program, words, { timeout: 30_000 });
  if (copies === true) stage.beginLoad(flowsPerSecond);
  // Two within a second would have the same name with dateext.
  await sleep(1000);
}

/** The script is what Debian's rsyslog-rotate does: the daemon is told, and closes the old file a moment later. */
function configText({ node, writer }: LogStage, { keys, copies }: Config): string {
  const told = join(node.folder, "reopen");
  const script = `postrotate
    touch ${told}
    for wait in $(seq 100); do [ -e ${told} ] || break; sleep 0.05; done
  endscript`;
  return `${writer.path} {\n  ${[...keys, ...(copies === true ? [] : [script])].join("\n  ")}\n}\n`;
}

function reopenWhenTold({ node, writer }: LogStage): NodeJS.Timeout {
  const told = join(node.folder, "reopen");
  return setInterval(() => {
    if (!existsSync(told)) return;
    writer.reopen();
    rmSync(told);
  }, 10);
}
