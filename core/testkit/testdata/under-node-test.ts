/** The suite of sinks under Node's own test runner: started by runners.test.ts. */
import { test } from "node:test";
import { sinkChecks } from "../index.ts";
import { postSink, startPostServer } from "./post-sink.ts";

const moods = ["unavailable", "refusing", "silent"] as const;

for (const { name, run } of sinkChecks({ definition: postSink(), startPartner: startPostServer, moods })) {
  test(name, run);
}
