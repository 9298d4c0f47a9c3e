#!/usr/bin/env node
/** The entry: wires the process to the program, and is the only file that ends it. */
import "reflect-metadata";
import { builtIn } from "../config/built-in.ts";
import type { Io } from "./cli/io.ts";
import { runProgram } from "./cli/program.ts";
import { describeError } from "./plugin/errors.ts";

// A container's user often has no home and no name; libraries that ask for one would throw.
process.env.HOME ??= "/";

const stopping = new AbortController();

// npm passes Ctrl-C on to a program that the terminal has told already: two within this time are one.
const sameSignalMillis = 500;
let askedMillis = Number.POSITIVE_INFINITY;

for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // Asked twice: whoever asks does not want to wait for the sinks.
    if (performance.now() - askedMillis > sameSignalMillis) process.exit(1);
    if (stopping.signal.aborted) return;
    askedMillis = performance.now();
    stopping.abort(new Error(name));
  });
}

// `droplens … | head`: nobody reads on, which is no failure. Pipelines stop in order, other commands end at once.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") process.exit(1);
  if (process.argv[2] !== "run" && process.argv[2] !== "replay") process.exit(0);
  stopping.abort(error);
});

const io: Io = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  get stdin() {
    return process.stdin;
  },
  environment: process.env,
  cwd: process.cwd(),
  terminal: process.stderr.isTTY === true,
  stdoutTerminal: process.stdout.isTTY === true,
  signal: stopping.signal,
  onUncaught(listener) {
    process.on("uncaughtException", listener);
    process.on("unhandledRejection", listener);
  },
  onHangup(listener, signal) {
    process.on("SIGHUP", listener);
    signal.addEventListener("abort", () => process.off("SIGHUP", listener), { once: true });
  },
};

process.exitCode = await runProgram(process.argv.slice(2), io, builtIn).catch((error: unknown) => {
  process.stderr.write(`droplens: ${describeError(error)}\n`);
  return 1;
});

// Nothing is open any more: without this, Node would take its heap apart, a twentieth of the CPU time of a start.
process.once("beforeExit", () => process.exit());

// Everything has been stopped by now. A plugin that left something open shall not keep the process.
setTimeout(() => {
  process.stderr.write(`droplens: something was left open: ${process.getActiveResourcesInfo().join(", ")}\n`);
  process.exit();
}, 2000).unref();
