/**
 * Reads a file of config tests and the config that it names. In: a path as it was typed. Out: tests that can be run, or
 * every problem with its place. Called by core/cli/test-config.ts before any test runs.
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import type { Config, PipelineConfig } from "../../config/config.ts";
import { type ConfigDocument, type KeyPath, positionAt, toValue } from "../../config/config-node.ts";
import { explainIssues } from "../../config/explain.ts";
import { jsonSchemaOf } from "../../config/json-schema.ts";
import { type BuiltIn, loadConfig } from "../../config/load.ts";
import { parseYaml } from "../../config/parse-yaml.ts";
import { byPosition, formatPlace, type Problem, problemAt } from "../../config/problem.ts";
import { didYouMean } from "../../config/suggest.ts";
import { unreadable } from "../unreadable.ts";
import type { TestSetup } from "./run-test.ts";
import { type ConfigTest, type TestFileContent, testFileSchema } from "./test-schema.ts";

export interface RunnableTest extends ConfigTest {
  /** `droplens.test.yaml:7:5` */
  readonly where: string;
  readonly setup: TestSetup;
}

export type LoadedTests =
  | { readonly ok: true; readonly tests: readonly RunnableTest[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export async function loadTests(file: string, cwd: string, builtIn: BuiltIn): Promise<LoadedTests> {
  const read = await readSmallFile(file, cwd, maxTestFileBytes);
  if (typeof read === "string") return failed([{ origin: file, path: [], message: read }]);
  const { root, problems } = parseYaml(read.toString("utf8"), file);
  if (problems.length > 0) return failed(problems);
  if (root?.kind !== "mapping") return failed([{ origin: file, path: [], message: notAMapping }]);
  const document = { origin: file, folder: dirname(resolve(cwd, file)), root };
  const checked = checkContent(document);
  return checked.ok ? prepare(document, checked.content, { cwd, builtIn }) : failed(checked.problems);
}

const maxTestFileBytes = 1024 * 1024;
const maxLogFileBytes = 16 * 1024 * 1024;
const notAMapping = 'expected a mapping with "tests:", each with "name", "lines" and "expect"';

type Content =
  | { readonly ok: true; readonly content: TestFileContent }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function checkContent(document: ConfigDocument): Content {
  const checked = testFileSchema.safeParse(toValue(document.root));
  if (checked.success) return { ok: true, content: checked.data };
  const jsonSchema = jsonSchemaOf(testFileSchema);
  const problems = explainIssues(checked.error.issues, { document, base: [], jsonSchema, coreKeys: [] });
  return { ok: false, problems: problems.toSorted(byPosition) };
}

async function prepare(
  document: ConfigDocument,
  content: TestFileContent,
  { cwd, builtIn }: { readonly cwd: string; readonly builtIn: BuiltIn },
): Promise<LoadedTests> {
  const { environment } = content;
  const named = content.config === undefined ? undefined : resolve(document.folder, content.config);
  const place = named === undefined ? { cwd: document.folder } : { cwd, file: relative(cwd, named) };
  const loaded = await loadConfig({ ...place, environment, builtIn });
  if (!loaded.ok) return failed([...loaded.problems, ...environmentHint(document, loaded.problems)]);
  const problems: Problem[] = doubledNames(document, content.tests);
  const tests: RunnableTest[] = [];
  for (const [i, test] of content.tests.entries()) {
    const found = await prepareTest(test, { document, path: ["tests", i], config: loaded.config });
    problems.push(...found.problems);
    if (found.setup === undefined) continue;
    const where = formatPlace(document.origin, positionAt(document.root, ["tests", i]));
    tests.push({ ...test, where, setup: { ...found.setup, environment } });
  }
  return problems.length > 0 ? failed(problems.toSorted(byPosition)) : { ok: true, tests };
}

/** A config is read with the test file's variables: whoever set them in the shell would wonder. */
function environmentHint(document: ConfigDocument, problems: readonly Problem[]): Problem[] {
  if (!problems.some(({ message, origin }) => origin === "environment" || message.includes("is not set"))) return [];
  const message = "a tested config sees only the variables that stand here under environment:, not the shell's";
  return [problemAt(document, ["environment"], { message, shown: [] })];
}

interface TestPlace {
  readonly document: ConfigDocument;
  readonly path: KeyPath;
  readonly config: Config;
}

interface Prepared {
  readonly setup?: Omit<TestSetup, "environment">;
  readonly problems: readonly Problem[];
}

async function prepareTest(test: ConfigTest, place: TestPlace): Promise<Prepared> {
  const { document, path, config } = place;
  const pipeline = findPipeline(test, place);
  if ("message" in pipeline) return { problems: [pipeline] };
  const problems = [...unknownSinks(test, pipeline, place), ...vainAnswers(test, pipeline, place)];
  const lines = await linesOf(test, document);
  if (typeof lines === "string") problems.push(problemAt(document, [...path, "file"], { message: lines }));
  if (problems.length > 0 || typeof lines === "string") return { problems };
  const nowMillis = test.now === undefined ? undefined : Date.parse(test.now);
  return { setup: { config, pipeline, lines, resolve: test.resolve, nowMillis }, problems };
}

function findPipeline(
  { pipeline: wanted }: ConfigTest,
  { document, path, config }: TestPlace,
): PipelineConfig | Problem {
  const names = config.pipelines.map(({ name }) => name);
  const known = `${config.origin} has ${names.join(", ")}`;
  const [only, ...more] = config.pipelines;
  if (wanted === undefined && only !== undefined && more.length === 0) return only;
  if (wanted === undefined) return problemAt(document, path, { message: `say which "pipeline" is tested: ${known}` });
  const found = config.pipelines.find(({ name }) => name === wanted);
  const message = `no pipeline "${wanted}"${didYouMean(wanted, names) || `: ${known}`}`;
  return found ?? problemAt(document, [...path, "pipeline"], { message });
}

function unknownSinks({ expect }: ConfigTest, { sinks }: PipelineConfig, place: TestPlace): Problem[] {
  if (Array.isArray(expect)) return [];
  const names = sinks.map(({ name }) => name);
  const unknown = Object.keys(expect).filter((name) => !names.includes(name));
  return unknown.map((name) => {
    const message = `no sink "${name}"${didYouMean(name, names) || `: the pipeline has ${names.join(", ")}`}`;
    return problemAt(place.document, [...place.path, "expect", name], { message, at: "key" });
  });
}

function vainAnswers({ resolve: table }: ConfigTest, { resolvers }: PipelineConfig, place: TestPlace): Problem[] {
  if (resolvers.length > 0 || Object.keys(table).length === 0) return [];
  const message = "the pipeline has no resolvers: nobody would ask for these answers";
  return [problemAt(place.document, [...place.path, "resolve"], { message, at: "key" })];
}

/** Each ends with a newline. */
async function linesOf({ lines, file }: ConfigTest, { folder }: ConfigDocument): Promise<Uint8Array | string> {
  if (file !== undefined) return readSmallFile(file, folder, maxLogFileBytes);
  const text = typeof lines === "string" ? lines : (lines ?? []).join("\n");
  return Buffer.from(text === "" || text.endsWith("\n") ? text : `${text}\n`);
}

function doubledNames({ origin, root }: ConfigDocument, tests: readonly ConfigTest[]): Problem[] {
  return tests.flatMap(({ name }, i) => {
    const first = tests.findIndex((test) => test.name === name);
    if (first === i) return [];
    const place = formatPlace(origin, positionAt(root, ["tests", first]));
    const message = `another test has this name (${place}): say what sets them apart`;
    return [problemAt({ origin, root, folder: "" }, ["tests", i, "name"], { message })];
  });
}

/** The bytes, or why there are none. */
async function readSmallFile(file: string, folder: string, maxBytes: number): Promise<Buffer | string> {
  const path = resolve(folder, file);
  try {
    const { size } = await stat(path).then((found) => (found.isFile() ? found : notRegular(found.isDirectory())));
    if (size > maxBytes) return `has ${size} bytes: at most ${maxBytes} are read`;
    return await readFile(path);
  } catch (error) {
    return unreadable(file, error);
  }
}

function notRegular(isDirectory: boolean): never {
  throw Object.assign(new Error("it is no regular file"), isDirectory ? { code: "EISDIR" } : {});
}

function failed(problems: readonly Problem[]): LoadedTests {
  return { ok: false, problems };
}
