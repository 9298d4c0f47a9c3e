/**
 * Carries out a Dockerfile's own steps where no image can be built: each stage is a folder, RUN happens inside it
 * (chroot) with the machine's tools mounted, COPY copies. Knows the instructions that our Dockerfile uses and refuses
 * others. Called by image.test.ts.
 */
import { cp, mkdir, readFile } from "node:fs/promises";
import { basename, join, matchesGlob, relative } from "node:path";
import { run } from "./command.ts";
import { inNodeImage, layNodeImage } from "./node-image.ts";

export interface Image {
  /** The root file system. */
  readonly root: string;
  readonly user: string;
  readonly workingFolder: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string;
}

interface Stage {
  readonly root: string;
  readonly environment: Record<string, string>;
  readonly labels: Record<string, string>;
  workingFolder: string;
  user: string;
  entrypoint: readonly string[];
  command: readonly string[];
  stopSignal: string;
}

interface Build {
  readonly context: string;
  readonly folder: string;
  readonly stages: Map<string, Stage>;
  /** Images that were built before, by the name that FROM has for them. */
  readonly images: Readonly<Record<string, Image>>;
}

/**
 * Builds `dockerfile` over the files in `context`; the stages are folders in `folder`. The last one is the image; what it
 * does not come from is left out.
 */
export async function buildImage(
  dockerfile: string,
  context: string,
  folder: string,
  images: Build["images"] = {},
): Promise<Image> {
  const build: Build = { context, folder, stages: new Map(), images };
  let stage: Stage | undefined;
  for (const { from, steps } of neededRecipes(await readFile(dockerfile, "utf8"))) {
    stage = await begin(build, from);
    for (const [word, rest] of steps) await carryOut(build, stage, word, rest);
  }
  if (stage === undefined) throw new Error(`${dockerfile}: no FROM`);
  return stage;
}

/** A stage as it is written. */
interface Recipe {
  /** `BASE AS NAME` */
  readonly from: string;
  readonly steps: [string, string][];
}

/** The stages that the last one comes from, by FROM or COPY --from, and itself. */
function neededRecipes(text: string): Recipe[] {
  const recipes: Recipe[] = [];
  for (const line of instructions(text)) {
    const [word, rest] = split(line);
    if (word === "FROM") recipes.push({ from: rest, steps: [] });
    else if (recipes.length === 0) throw new Error(`${word} before FROM`);
    else recipes.at(-1)?.steps.push([word, rest]);
  }
  const needed = new Set<string>();
  return recipes
    .toReversed()
    .filter(({ from, steps }, i) => {
      const [base = "", , name = ""] = from.split(/\s+/);
      if (i > 0 && !needed.has(name)) return false;
      needed.add(base);
      for (const [, rest] of steps) needed.add(/^--from=(\S+)/.exec(rest)?.[1] ?? "");
      return true;
    })
    .toReversed();
}

function instructions(text: string): string[] {
  const joined = text.replaceAll(/^\s*#.*\n/gm, "").replaceAll(/\\\n/g, " ");
  return joined
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

async function begin(build: Build, rest: string): Promise<Stage> {
  const [base = "", , name = String(build.stages.size)] = rest.split(/\s+/);
  const known = build.images[base] ?? build.stages.get(base);
  if (known !== undefined) return beginFrom(build, name, known);
  if (!/^node:24(-|$)/.test(base)) throw new Error(`FROM ${base}: only node:24 images are known here`);
  const root = join(build.folder, name);
  await layNodeImage(root);
  const stage: Stage = {
    root,
    environment: {},
    labels: {},
    workingFolder: "/",
    user: "0:0",
    entrypoint: [],
    command: [],
    stopSignal: "SIGTERM",
  };
  build.stages.set(name, stage);
  return stage;
}

async function beginFrom({ folder, stages }: Build, name: string, image: Image): Promise<Stage> {
  const root = join(folder, name);
  await cp(image.root, root, { recursive: true, verbatimSymlinks: true });
  const stage: Stage = { ...image, root, environment: { ...image.environment }, labels: { ...image.labels } };
  stages.set(name, stage);
  return stage;
}

async function carryOut(build: Build, stage: Stage, word: string, rest: string): Promise<void> {
  switch (word) {
    case "WORKDIR":
      stage.workingFolder = rest;
      await mkdir(join(stage.root, rest), { recursive: true });
      return;
    case "COPY":
      return copy(build, stage, rest.split(/\s+/));
    case "RUN":
      await run(inNodeImage(stage.root, `cd ${stage.workingFolder} && ${rest}`), {
        environment: { ...process.env, ...stage.environment },
        timeoutMillis: 170_000,
      });
      return;
    case "ENV":
      return assign(stage.environment, rest);
    case "LABEL":
      return assign(stage.labels, rest);
    case "USER":
      stage.user = rest;
      return;
    case "ENTRYPOINT":
      stage.entrypoint = JSON.parse(rest);
      return;
    case "CMD":
      stage.command = JSON.parse(rest);
      return;
    case "STOPSIGNAL":
      stage.stopSignal = rest;
      return;
    case "EXPOSE":
      return;
    default:
      throw new Error(`${word} ${rest}: teach test/system/dockerfile.ts this instruction`);
  }
}

async function copy(build: Build, stage: Stage, words: readonly string[]): Promise<void> {
  const from = words[0]?.startsWith("--from=") ? words[0].slice("--from=".length) : undefined;
  const paths = from === undefined ? [...words] : words.slice(1);
  const target = paths.pop() ?? "";
  const place = target.startsWith("/") ? join(stage.root, target) : join(stage.root, stage.workingFolder, target);
  const origin = from === undefined ? build.context : build.stages.get(from)?.root;
  if (origin === undefined) throw new Error(`COPY --from=${from}: no such stage`);
  const ignored = from === undefined ? await ignoredPatterns(build.context) : [];
  for (const path of paths) {
    // As Docker: a folder's content goes into the target, a file goes to the target, or into it when it ends with "/".
    const intoFolder = target.endsWith("/") && !(paths.length === 1 && path === ".");
    await cp(join(origin, path), intoFolder ? join(place, basename(path)) : place, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !ignored.some((pattern) => matchesGlob(relative(origin, source), pattern)),
    });
  }
}

async function ignoredPatterns(context: string): Promise<string[]> {
  const text = await readFile(join(context, ".dockerignore"), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function assign(record: Record<string, string>, rest: string): void {
  const [, name = "", quoted] = /^([\w.-]+)=(.*)$/.exec(rest) ?? [];
  record[name] = (quoted ?? "").replaceAll(/^"|"$/g, "");
}

function split(line: string): [string, string] {
  const space = line.indexOf(" ");
  return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1).trim()];
}
