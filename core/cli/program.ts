/** The command line: which command, with what. Each command is loaded when it is asked for. Called by the entry. */
import { Command, CommanderError } from "commander";
import type { BuiltIn } from "../config/load.ts";
import { version } from "../version.ts";
import type { ExitCode, Io } from "./io.ts";

/** The exit code; never ends the process itself. */
export async function runProgram(args: readonly string[], io: Io, builtIn: BuiltIn): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = makeProgram(io, builtIn, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander has printed help (0) or what is wrong with the words.
    return error.exitCode === 0 ? 0 : 2;
  }
}

type Finish = (code: ExitCode) => void;

const configOption = [
  "-c, --config <file>",
  "config file (default: droplens.yaml here, else the environment)",
] as const;

function makeProgram(io: Io, builtIn: BuiltIn, finish: Finish): Command {
  const program = new Command("droplens")
    .description("Shows people which packets their cluster drops, where they already look.")
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .showHelpAfterError("(try --help)")
    .showSuggestionAfterError();
  addRunning(program, { io, builtIn, finish });
  addConfig(program, { io, builtIn, finish });
  addLines(program, { io, builtIn, finish });
  addAuthoring(program, { io, builtIn, finish });
  return program;
}

interface Wiring {
  readonly io: Io;
  readonly builtIn: BuiltIn;
  readonly finish: Finish;
}

function addRunning(program: Command, { io, builtIn, finish }: Wiring): void {
  program
    .command("run")
    .description("run the pipelines until SIGTERM or SIGINT")
    .option(...configOption)
    .addHelpText(
      "after",
      example("IPTABLES_LOG_PATH=/var/log/kern.log IPTABLES_LOG_PREFIX=calico-packet: droplens run"),
    )
    .action(async (options: { config?: string }) => {
      const { run } = await import("./run.ts");
      finish(await run(options, io, builtIn));
    });
  program
    .command("demo")
    .description("a made-up cluster, real kernel lines, and the events that come of them")
    .option("--once", "end by itself after the story")
    .addHelpText("after", example("droplens demo --once"))
    .action(async (options: { once?: boolean }) => {
      const { demo } = await import("./demo.ts");
      finish(await demo(options, io, builtIn));
    });
}

function addConfig(program: Command, { io, builtIn, finish }: Wiring): void {
  program
    .command("validate")
    .description("tell every problem in the config, and whether each plugin can do its work")
    .option(...configOption)
    .option("--offline", "look at the config only")
    .addHelpText("after", example("droplens validate --config droplens.yaml"))
    .action(async (options: { config?: string; offline?: boolean }) => {
      const { runValidate } = await import("./validate.ts");
      finish(await runValidate(options, io, builtIn));
    });
  program
    .command("print-config")
    .description("the config in force, and where each value came from; secrets redacted")
    .option(...configOption)
    .addHelpText("after", example("droplens print-config"))
    .action(async (options: { config?: string }) => {
      const { runPrintConfig } = await import("./print-config.ts");
      finish(await runPrintConfig(options, io, builtIn));
    });
  program
    .command("test")
    .description("config tests: which lines go in, and which reports come out for each sink")
    .argument("<files...>", "files of tests")
    .addHelpText("after", example("droplens test droplens.test.yaml"))
    .action(async (files: string[]) => {
      const { testConfig } = await import("./test-config.ts");
      finish(await testConfig(files, io, builtIn));
    });
  program
    .command("schema")
    .description("the JSON schema of the config, for editors")
    .addHelpText("after", example("droplens schema > droplens.schema.json"))
    .action(async () => {
      const { runSchema } = await import("./schema.ts");
      finish(await runSchema({}, io, builtIn));
    });
  program
    .command("plugins")
    .description("what is built in and what the config loads")
    .option(...configOption)
    .addHelpText("after", example("droplens plugins"))
    .action(async (options: { config?: string }) => {
      const { runPlugins } = await import("./plugins.ts");
      finish(await runPlugins(options, io, builtIn));
    });
}

function addLines(program: Command, { io, builtIn, finish }: Wiring): void {
  program
    .command("parse")
    .description("one JSON line out for each log line in")
    .argument("[files...]", "log files (default: stdin)")
    .option("-p, --prefix <prefix>", "the rule's log prefix; may be given again (default: any netfilter line)", collect)
    .option("--parser <name>", "the built-in parser that reads them", "parser-iptables")
    .addHelpText("after", example("dmesg | droplens parse --prefix calico-packet:"))
    .action(async (files: string[], options: { prefix?: string[]; parser: string }) => {
      const { parse } = await import("./parse.ts");
      finish(await parse({ files, parser: options.parser, prefixes: options.prefix ?? [] }, io, builtIn));
    });
  program
    .command("replay")
    .description("run the pipelines over files from beginning to end, whatever their age, then stop with a summary")
    .argument("<files...>", "log files")
    .option(...configOption)
    .addHelpText("after", example("droplens replay --config droplens.yaml /var/log/kern.log.1 /var/log/kern.log"))
    .action(async (files: string[], options: { config?: string }) => {
      const { replay } = await import("./replay.ts");
      finish(await replay({ ...options, files }, io, builtIn));
    });
}

function addAuthoring(program: Command, { io, finish }: Wiring): void {
  program
    .command("create-plugin")
    .description("a package for a plugin of your own, with its tests; refuses a folder that is not empty")
    .argument("<role>", "source, parser, resolver or sink")
    .argument("<name>", "what comes after the role: my-webhook")
    .option("--dir <folder>", "where to (default: droplens-plugin-<role>-<name> here)")
    .option("--droplens <version>", "the Droplens to test it with, or file:PATH (default: this one's version)")
    .addHelpText("after", example("droplens create-plugin sink my-webhook"))
    .action(async (role: string, thing: string, options: { dir?: string; droplens?: string }) => {
      const { createPlugin } = await import("./create-plugin.ts");
      finish(await createPlugin({ role, thing, ...options }, io));
    });
}

function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

function example(line: string): string {
  return `\nExample:\n  $ ${line}`;
}
