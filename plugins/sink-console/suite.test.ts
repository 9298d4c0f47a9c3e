import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { StandardOutput } from "../../core/plugin/index.ts";
import { type SinkPartner, sinkChecks } from "../../core/testkit/index.ts";
import { ConsoleSink } from "./console-sink.ts";
import { sinkConsole } from "./index.ts";

let fileDescriptor = 1;
const definition: typeof sinkConsole = {
  ...sinkConsole,
  create: ({ stream, color }, context) =>
    new ConsoleSink(color, context, new StandardOutput({ stream, clock: context.clock, fileDescriptor })),
};

function startPartner(): SinkPartner {
  const folder = mkdtempSync(join(tmpdir(), "droplens-console-"));
  const path = join(folder, "out");
  const fd = openSync(path, "w");
  fileDescriptor = fd;
  return {
    options: {},
    storedPackets: () =>
      [...readFileSync(path, "utf8").matchAll(/ x(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0),
    stop() {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    },
  };
}

describe("sink-console as a sink", () => {
  for (const { name, run } of sinkChecks({ definition, startPartner })) it(name, run);
});
