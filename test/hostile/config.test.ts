/**
 * Configs that are made to harm: bombs of aliases, depth and size, names of the prototype, references to what is not
 * theirs, files that are none. Each is refused with a sentence, in bounded time and memory.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so references are written in a config
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { droplens } from "../support/child.ts";
import { memoryOf } from "../support/process-figures.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { tellFigures } from "../support/trial.ts";

const mebibyte = 1024 * 1024;
const maxSeconds = 20;
const maxRssMegabytes = 256;
const nobody = 65_534;

interface Case {
  readonly name: string;
  /** The config's text; or makes the file itself. */
  readonly config: string | Buffer | ((path: string) => void);
  readonly says: RegExp;
}

const whole = (middle: string) => `version: 1
pipelines:
  drops:
    source: { use: source-file, path: /var/log/kern.log }
    parser: { use: parser-iptables, prefix: ${middle} }
    sinks: [{ use: sink-prometheus }]
`;

const cases: readonly Case[] = [
  { name: "a billion laughs", config: laughs(), says: /alias|too many|at most/i },
  { name: "one anchor, 30,000 aliases", config: aliases(), says: /alias|too many|at most/i },
  {
    name: "10 MB of text",
    config: `version: 1\n# ${"x".repeat(10 * mebibyte)}\n`,
    says: /has \d+ bytes: a config has at most/,
  },
  { name: "100,000 brackets", config: `version: ${"[".repeat(100_000)}`, says: /nested too deeply|not YAML/ },
  { name: "10,000 levels", config: `a: ${"{a: ".repeat(10_000)}1${"}".repeat(10_000)}`, says: /nested too deeply/ },
  {
    name: "10,000 keys",
    config: Array.from({ length: 10_000 }, (_, i) => `k${i}: 1`).join("\n"),
    says: /unknown key/,
  },
  {
    name: "a key of 64 KB",
    config: `? ${"k".repeat(64 * 1024)}\n: 1\n`,
    says: /unknown key|at most|missing/,
  },
  { name: "__proto__", config: `version: 1\n__proto__: { polluted: true }\n`, says: /__proto__/ },
  {
    name: "constructor.prototype",
    config: `version: 1\nconstructor: { prototype: { polluted: true } }\n`,
    says: /constructor/,
  },
  { name: "__proto__ within a plugin", config: whole('x, __proto__: { path: "/" }'), says: /__proto__/ },
  { name: "a plugin named __proto__", config: whole("x").replace("sink-prometheus", "__proto__"), says: /__proto__/ },
  { name: "a merge key", config: `base: &b { version: 1 }\n<<: *b\n`, says: /./ },
  { name: "a tag", config: `version: !!js/function "function(){}"\n`, says: /tag/i },
  { name: "NUL bytes", config: Buffer.alloc(4096), says: /./ },
  { name: "what is no UTF-8", config: Buffer.from([0x76, 0xff, 0xfe, 0x3a, 0x20, 0x31]), says: /./ },
  {
    name: "the kernel's zeros",
    config: (path) => symlinkSync("/dev/zero", path),
    says: /is no regular file/,
  },
  { name: "a link to itself", config: (path) => symlinkSync(path, path), says: /ELOOP|link/ },
  { name: "a folder", config: (path) => mkdirSync(path), says: /folder|directory|not a file/ },
  {
    name: "a pipe that nobody writes to",
    config: (path) => void execFileSync("mkfifo", [path]),
    says: /is no regular file/,
  },
  {
    name: "a file of others in a reference",
    config: whole('"${file:/etc/shadow}"'),
    says: /\/etc\/shadow.*(EACCES|permission)/,
  },
  { name: "a device in a reference", config: whole('"${file:/dev/zero}"'), says: /\/dev\/zero/ },
  { name: "a file without an end in a reference", config: whole('"${file:/proc/kmsg}"'), says: /\/proc\/kmsg/ },
  { name: "a reference within what a reference brings", config: whole('"${env:${env:HOME}}"'), says: /\$\{env/ },
];

describe("a hostile config", () => {
  it.each(cases)("$name is refused with a sentence, soon and without much memory", async ({ name, config, says }) => {
    const folder = tempFolder(onTestFinished);
    chmodSync(folder, 0o777);
    const path = join(folder, "droplens.yaml");
    if (typeof config === "function") config(path);
    else writeFileSync(path, config);
    const { text, code, seconds, peakMegabytes } = await validated(folder, path);
    tellFigures({
      trial: `a hostile config: ${name}`,
      tries: 1,
      of: "configs",
      lost: 0,
      peakRssMegabytes: Math.round(peakMegabytes),
      note: `exit code ${code} after ${seconds.toFixed(1)} s`,
    });

    expect(code).toBe(2);
    expect(text).toMatch(says);
    expect(text).not.toMatch(/^\s+at .*\.[jt]s:\d+/m);
    expect(text.length).toBeLessThan(64 * 1024);
    expect(seconds).toBeLessThan(maxSeconds);
    expect(peakMegabytes).toBeLessThan(maxRssMegabytes);
  });
});

/** As a user who may read nothing special. */
async function validated(folder: string, path: string) {
  const begin = performance.now();
  const root = process.getuid?.() === 0;
  const child = droplens(["validate", "--config", path], { cwd: folder, ...(root ? { userId: nobody } : {}) });
  onTestFinished(() => void child.kill("SIGKILL"));
  let peakMegabytes = 0;
  const timer = setInterval(() => {
    try {
      peakMegabytes = Math.max(peakMegabytes, memoryOf(child.processId).peakMegabytes || 0);
    } catch {
      // It has just ended.
    }
  }, 20);
  const limit = setTimeout(() => child.kill("SIGKILL"), 2 * maxSeconds * 1000);
  const code = await child.ended();
  clearInterval(timer);
  clearTimeout(limit);
  return { code, text: `${child.stdout}${child.stderr}`, seconds: (performance.now() - begin) / 1000, peakMegabytes };
}

function laughs(): string {
  const lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"];
  for (let i = 1; i < 12; i++)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(", ")}]`);
  return `version: 1\n${lines.join("\n")}\n`;
}

function aliases(): string {
  return `version: 1\nbase: &b [${"x, ".repeat(1000)}]\nall: [${"*b, ".repeat(30_000)}]\n`;
}
