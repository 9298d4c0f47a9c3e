import { describe, it } from "vitest";
import { type SourcePartner, sourceChecks } from "../../core/testkit/index.ts";
import { sourceJournald } from "./index.ts";
import { fakeJournalctl, Journal } from "./testdata/journal.ts";

function startPartner(): SourcePartner {
  const journal = new Journal();
  journal.write("Journal started", { _TRANSPORT: "driver" });
  return {
    options: { command: fakeJournalctl, directory: journal.folder },
    write: (...lines) => {
      for (const line of lines) journal.write(line);
    },
    textOf: (line) => JSON.parse(line).MESSAGE,
    stop: () => journal.remove(),
  };
}

describe("source-journald as a source", () => {
  for (const { name, run } of sourceChecks({ definition: sourceJournald, startPartner })) it(name, run);
});
