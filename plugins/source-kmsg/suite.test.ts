import { describe, it } from "vitest";
import { type SourcePartner, sourceChecks } from "../../core/testkit/index.ts";
import { sourceKmsg } from "./index.ts";
import { KmsgSource } from "./kmsg-source.ts";
import { KernelLog } from "./testdata/kernel-log.ts";

let log = new KernelLog(() => performance.now());
const definition: typeof sourceKmsg = {
  ...sourceKmsg,
  create: (options, context) => new KmsgSource(options, context, log),
};

function startPartner(): SourcePartner {
  log = new KernelLog(() => performance.now());
  return {
    options: { pollInterval: "20ms" },
    write: (...lines) => {
      for (const line of lines) log.write(Buffer.from(line).toString("latin1"));
    },
    textOf: (line) => line.replace(/^\S+ - kernel: /, ""),
  };
}

describe("source-kmsg as a source", () => {
  for (const { name, run } of sourceChecks({ definition, startPartner })) it(name, run);
});
