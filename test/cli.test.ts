/**
 * The commands as people type them: each test starts the program as a process and looks at what it prints and at its
 * exit code. 0 fine, 1 failed while running, 2 wrong usage or config.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { version } from "../core/version.ts";
import { type ChildOptions, checkout, droplens } from "./support/child.ts";
import { tempFolder } from "./support/temp-folder.ts";

const commands = [
  "run",
  "validate",
  "print-config",
  "test",
  "schema",
  "plugins",
  "parse",
  "replay",
  "demo",
  "create-plugin",
];
const fixture = (name: string): string => join(checkout, "plugins/parser-iptables/testdata", name);

type Finish = (clean: () => void) => void;

interface Printed {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

async function printed(args: readonly string[], options: Partial<ChildOptions> = {}): Promise<Printed> {
  const child = droplens(args, { cwd: checkout, ...options });
  const code = await child.ended();
  return { code, stdout: child.stdout, stderr: child.stderr };
}

const jsonLines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.concurrent("help", () => {
  it.each(commands)("of %s shows an example and ends with 0", async (command) => {
    const { code, stdout, stderr } = await printed([command, "--help"]);
    expect(stdout).toMatch(new RegExp(`^Usage: droplens ${command}\\b`));
    expect(stdout).toMatch(new RegExp(`Example:\\n  \\$ .*droplens ${command}\\b`));
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("names every command and no other", async () => {
    const { stdout } = await printed(["--help"]);
    const named = [...stdout.matchAll(/^ {2}([a-z-]+) .*/gm)].map(([, name = ""]) => name);
    expect(named.filter((name) => name !== "help" && !name.startsWith("-")).toSorted()).toEqual(commands.toSorted());
  });

  it("is what a bare `droplens` shows, as a mistake", async () => {
    const { code, stdout, stderr } = await printed([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: droplens [options] [command]");
  });
});

describe.concurrent("--version", () => {
  it("is the package's", async () => {
    expect(await printed(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe.concurrent("wrong words end with 2 and", () => {
  it.for([
    { words: ["rnu"], says: "Did you mean run?" },
    { words: ["run", "--confg", "x"], says: "Did you mean --config?" },
    { words: ["run", "--config"], says: "argument missing" },
    { words: ["run", "more"], says: "too many arguments" },
    { words: ["parse", "--prefx", "x"], says: "Did you mean --prefix?" },
    { words: ["parse", "--prefix", " ", fixture("tcp4.log")], says: "--prefix" },
    { words: ["replay"], says: "missing required argument 'files'" },
    { words: ["validate", "--config", "nowhere.yaml"], says: "nowhere.yaml: no such file" },
    { words: ["run", "--config", "docs"], says: "is a directory" },
  ])("`$words` is answered with: $says", async ({ words, says }, { onTestFinished }) => {
    const { code, stdout, stderr } = await printed(words, { cwd: configless(onTestFinished) });
    expect(stderr).toContain(says);
    expect([code, stdout]).toEqual([2, ""]);
  });

  it("`run` without a config or a variable names both variables", async ({ onTestFinished }) => {
    const { code, stderr } = await printed(["run"], { cwd: configless(onTestFinished) });
    expect(stderr).toContain("IPTABLES_LOG_PATH (or JOURNAL_DIRECTORY) is not set");
    expect(stderr).toContain("IPTABLES_LOG_PREFIX is not set");
    expect(code).toBe(2);
  });

  it("`print-config` with JOURNAL_DIRECTORY shows the bundle with the journal in place of the file", async ({
    onTestFinished,
  }) => {
    const environment = { JOURNAL_DIRECTORY: "/run/log/journal", IPTABLES_LOG_PREFIX: "x:" };
    const { code, stdout } = await printed(["print-config"], { cwd: configless(onTestFinished), environment });
    expect(stdout).toContain("use: source-journald");
    expect(stdout).toContain("directory: /run/log/journal");
    expect(stdout).not.toContain("source-file");
    expect(code).toBe(0);
  });
});

describe.concurrent("a config without a cluster", () => {
  it("is right for validate, offline and not, and a missing log is a problem", async ({ onTestFinished }) => {
    const folder = replayFolder(onTestFinished);
    expect(await printed(["validate", "--offline"], { cwd: folder })).toEqual({
      code: 0,
      stdout: "droplens.yaml: the config is right\n",
      stderr: "",
    });
    const { code, stdout } = await printed(["validate"], { cwd: folder });
    expect(stdout).toMatch(/^PROBLEM pipelines\.drops\.source source-file: .*\/nowhere\.log does not exist/m);
    expect(code).toBe(1);
  });

  it("is shown by print-config with where each value came from", async ({ onTestFinished }) => {
    const folder = replayFolder(onTestFinished, "log:\n  level: $" + "{env:LEVEL:-warn}");
    const { code, stdout } = await printed(["print-config"], { cwd: folder, environment: { LEVEL: "debug" } });
    expect(stdout).toMatch(/level: "?debug"? *# .*env LEVEL/);
    expect(stdout).toMatch(/port: 9090 *# default/);
    expect(code).toBe(0);
  });

  it("is told apart from what is built in by plugins", async ({ onTestFinished }) => {
    const { code, stdout } = await printed(["plugins"], { cwd: replayFolder(onTestFinished) });
    expect(stdout).toMatch(/^sink-prometheus +sink +\S+ +built in +pipelines\.drops\.sinks\[0\]/m);
    expect(stdout).toMatch(/^resolver-k8s +resolver +\S+ +built in +-$/m);
    expect(code).toBe(0);
  });

  it("has a schema that an editor can read", async () => {
    const { code, stdout } = await printed(["schema"]);
    expect(JSON.parse(stdout)).toMatchObject({ title: "Droplens config", required: ["version", "pipelines"] });
    expect(code).toBe(0);
  });
});

describe.concurrent("test", () => {
  it("ends with 0 when all pass, with 1 and the difference when one fails, with 2 when the file is wrong", async ({
    onTestFinished,
  }) => {
    const example = readFileSync(join(checkout, "config/droplens.example.test.yaml"), "utf8");
    const cwd = configless(onTestFinished);
    const config = join(checkout, "config/droplens.example.yaml");
    const tried = (text: string) => {
      writeFileSync(join(cwd, "drops.test.yaml"), text.replace("./droplens.example.yaml", config));
      return printed(["test", "drops.test.yaml"], { cwd });
    };
    expect(await tried(example)).toMatchObject({ code: 0, stdout: expect.stringMatching(/ passed, 0 failed\n$/) });
    const differs = "- destinationPort: 5433\n        + destinationPort: 5432\n";
    const failing = await tried(example.replace("destinationPort: 5432", "destinationPort: 5433"));
    expect(failing).toMatchObject({ code: 1, stdout: expect.stringContaining(differs), stderr: "" });
    const wrong = await tried(example.replace("destinationPort: 5432", "destinationPrt: 5432"));
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toMatch(
      /^drops\.test\.yaml:\d+:9 tests\[0\]\.expect\[0\]: unknown key "destinationPrt" \(did you/,
    );
  });
});

describe.concurrent("parse", () => {
  it("writes a drop for a kernel line from stdin", async () => {
    const input = readFileSync(fixture("tcp4.log"), "utf8").split("\n", 1)[0];
    const { code, stdout, stderr } = await printed(["parse"], {
      input: `2026-03-04T05:06:07.123456+01:00 node-1 kernel: ${input}\n`,
    });
    expect(jsonLines(stdout)).toEqual([
      {
        kind: "drop",
        drop: {
          time: expect.stringMatching(/^2026-03-04T0[45]:06:07\.123456(Z|\+01:00)$/),
          host: "node-1",
          logPrefix: "kl-drop:",
          inInterface: "klra0",
          outInterface: "klrb0",
          sourceMac: "02:00:00:00:0a:01",
          destinationMac: "02:00:00:00:0a:02",
          etherType: "0800",
          ipVersion: 4,
          sourceAddress: "10.77.1.2",
          destinationAddress: "10.77.2.2",
          protocol: "TCP",
          sourcePort: 36084,
          destinationPort: 80,
          tcpFlags: ["SYN"],
          length: 60,
          ttl: 63,
        },
      },
    ]);
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("writes one line for each line of every file, in their order", async () => {
    const names = ["tcp4.log", "arp.log", "icmp4.log"];
    const lines = names.map((name) => readFileSync(fixture(name), "utf8").trimEnd().split("\n").length);
    const { code, stdout } = await printed(["parse", ...names.map(fixture)]);
    const kinds = jsonLines(stdout).map((line) => (line as { kind: string }).kind);
    expect(kinds.length).toBe(lines.reduce((sum, count) => sum + count, 0));
    expect(kinds.indexOf("other-line")).toBe(lines[0]);
    expect(code).toBe(0);
  });

  it("tells drops, other lines and malformed ones apart, the last line without its newline too", async () => {
    const input = "usb 1-1: new device\n[1.0] x: IN=eth0 OUT= SRC=10.0.0.999 DST=10.0.0.1 LEN=60 ";
    const { stdout } = await printed(["parse"], { input });
    expect(jsonLines(stdout)).toEqual([{ kind: "other-line" }, { kind: "malformed", reason: expect.any(String) }]);
  });

  it("takes only the prefixes it is told, several of them", async () => {
    const { stdout } = await printed(["parse", "--prefix", "kl-log:", "-p", "kl-uid:", fixture("tcp4.log")]);
    const prefixes = jsonLines(stdout).map((line) => (line as { drop?: { logPrefix: string } }).drop?.logPrefix);
    expect(new Set(prefixes)).toEqual(new Set([undefined, "kl-log:", "kl-uid:"]));
  });

  it("takes the parser that it is told, and names them all when there is none of that name", async () => {
    const ulogd = join(checkout, "plugins/parser-ulogd/testdata/json.log");
    const { stdout } = await printed(["parse", "--parser", "parser-ulogd", ulogd]);
    expect(jsonLines(stdout)[0]).toMatchObject({ kind: "drop", drop: { destinationPort: expect.any(Number) } });
    const { code, stderr } = await printed(["parse", "--parser", "sink-otel", ulogd]);
    expect(stderr).toContain('"sink-otel" is none of parser-iptables, parser-calico, parser-ulogd');
    expect(code).toBe(2);
  });

  it("goes on after a file that is not there, says so and ends with 1", async () => {
    const { code, stdout, stderr } = await printed(["parse", "nowhere.log", fixture("arp.log")]);
    expect(stderr).toBe("droplens: cannot read nowhere.log: no such file: check the path\n");
    expect(jsonLines(stdout).length).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  it("says of a directory that it is one, and ends with 1", async ({ onTestFinished }) => {
    const { code, stderr } = await printed(["parse", "docs"], { cwd: configless(onTestFinished) });
    expect(stderr).toBe("droplens: cannot read docs: it is a directory: name the files in it\n");
    expect(code).toBe(1);
  });

  it("ends quietly when its reader has enough (`| head`)", async ({ onTestFinished }) => {
    const folder = tempFolder(onTestFinished);
    writeFileSync(join(folder, "long.log"), readFileSync(fixture("tcp4.log"), "utf8").repeat(2000));
    const child = droplens(["parse", "long.log"], { cwd: folder });
    await child.says(/"kind":"drop"/);
    child.closeStdout();
    expect([await child.ended(), child.stderr]).toEqual([0, ""]);
  });
});

describe.concurrent("replay", () => {
  it("counts exactly what is in real files, and writes it to stderr", async ({ onTestFinished }) => {
    const folder = replayFolder(onTestFinished);
    const files = ["tcp4.log", "udp4.log", "arp.log", "trace.log"];
    const texts = files.map((name) => readFileSync(fixture(name), "utf8"));
    writeFileSync(
      join(folder, "bad.log"),
      "[1.0] x: IN=eth0 OUT= SRC=10.0.0.999 DST=10.0.0.1 LEN=60 \nusb 1-1: new device\n",
    );
    const lines = texts.join("").split("\n").length - 1 + 2;
    const packets = jsonLines((await printed(["parse", ...files.map(fixture)])).stdout);
    const matched = packets.filter((line) => (line as { kind: string }).kind === "drop").length;

    const { code, stdout, stderr } = await printed(["replay", ...files.map(fixture), "bad.log"], { cwd: folder });
    const summary = readSummary(stderr);
    expect([code, stdout]).toEqual([0, ""]);
    expect(summary).toMatchObject({
      "lines read": lines,
      "lines matched": matched,
      "lines malformed: address": 1,
      "packets delivered to sink-prometheus": matched,
    });
    const { "lines read": read = 0, ...rest } = summary;
    const kinds = Object.entries(rest).filter(([what]) => what.startsWith("lines"));
    expect(kinds.reduce((sum, [, count]) => sum + count, 0)).toBe(read);
  });

  it("reads lines of any age, compressed repeats and all, without touching the state folder", async ({
    onTestFinished,
  }) => {
    const folder = replayFolder(onTestFinished);
    const line = readFileSync(fixture("tcp4.log"), "utf8").split("\n", 1)[0];
    appendFileSync(join(folder, "old.log"), `2019-02-04T10:10:12.345678-07:00 node-1 kernel: ${line}\n`.repeat(1000));
    const { code, stderr } = await printed(["replay", "old.log"], { cwd: folder });
    expect(readSummary(stderr)).toEqual({
      "lines read": 1000,
      "lines matched": 1000,
      "packets delivered to sink-prometheus": 1000,
    });
    expect(code).toBe(0);
    expect(() => readFileSync(join(folder, "state"))).toThrow("ENOENT");
  });

  it.for([
    {
      what: "a file that is not there",
      file: "nowhere.log",
      says: "cannot read nowhere.log: no such file: check the path",
    },
    { what: "a directory", file: "folder", says: "cannot read folder: it is a directory: name the files in it" },
  ])("says what is wrong with $what before it starts, and ends with 1", async ({ file, says }, { onTestFinished }) => {
    const folder = replayFolder(onTestFinished);
    mkdirSync(join(folder, "folder"));
    const { code, stdout, stderr } = await printed(["replay", fixture("tcp4.log"), file], { cwd: folder });
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: `droplens: ${says}\n` });
  });

  it("needs no kubeconfig for a config without Kubernetes, but says what the default bundle needs", async ({
    onTestFinished,
  }) => {
    const environment = { IPTABLES_LOG_PREFIX: "kl-drop:" };
    const { code, stderr } = await printed(["replay", fixture("tcp4.log")], {
      cwd: configless(onTestFinished),
      environment,
    });
    expect(stderr).toMatch(/no Kubernetes API server to talk to .*KUBECONFIG.*KUBE_API_SERVER/);
    expect(code).toBe(1);
  });

  it("is ended by Ctrl-C with a summary of what was done by then", async ({ onTestFinished }) => {
    const folder = replayFolder(onTestFinished, "log: { level: debug }");
    const some = readFileSync(fixture("tcp4.log"), "utf8").repeat(1000);
    for (let written = 0; written < 100_000_000; written += some.length) appendFileSync(join(folder, "long.log"), some);
    const child = droplens(["replay", "long.log"], { cwd: folder });
    onTestFinished(() => child.kill("SIGKILL"));
    await child.says(/droplens is running/);
    child.kill("SIGINT");
    expect(await child.ended()).toBe(0);
    expect(child.stderr).toContain("stopped before the end of the files");
    const summary = readSummary(child.stderr);
    expect(summary["lines read"]).toBeLessThan(100_000_000 / (some.length / 10_000));
    expect(summary["packets delivered to sink-prometheus"]).toBe(summary["lines matched"]);
  });
});

/** A folder without a config file. */
function configless(finish: Finish): string {
  const folder = tempFolder(finish);
  mkdirSync(join(folder, "docs"));
  return folder;
}

/** A folder with a config that asks nothing of a cluster. */
function replayFolder(finish: Finish, more = ""): string {
  const folder = tempFolder(finish);
  const config = `version: 1
${more}
stateFolder: ${join(folder, "state")}
pipelines:
  drops:
    source: { use: source-file, path: /nowhere.log }
    parser: { use: parser-iptables }
    sinks: [{ use: sink-prometheus }]
`;
  writeFileSync(join(folder, "droplens.yaml"), config);
  return folder;
}

/** Rows like "  lines read     23". */
function readSummary(text: string): Record<string, number> {
  const rows = text.matchAll(/^ {2}(\S.*?) +(\d+)$/gm);
  return Object.fromEntries([...rows].map(([, what = "", count]) => [what, Number(count)]));
}
