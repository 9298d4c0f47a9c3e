import { PassThrough } from "node:stream";
import { describe, it } from "vitest";
import { type SourcePartner, sourceChecks } from "../../core/testkit/index.ts";
import { sourceStdin } from "./index.ts";
import { StdinSource } from "./stdin-source.ts";

let input = new PassThrough();
const definition: typeof sourceStdin = {
  ...sourceStdin,
  create: (options, context) => new StdinSource(options, context, () => input),
};

function startPartner(): SourcePartner {
  input = new PassThrough();
  return { options: {}, write: (...lines) => void input.write(lines.map((line) => `${line}\n`).join("")) };
}

describe("source-stdin as a source", () => {
  for (const { name, run } of sourceChecks({ definition, startPartner, resumable: false })) it(name, run);
});
