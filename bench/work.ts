/** One kind of work that is measured: a line of the table. The list of them is works.ts. */
import type { Result } from "./row.ts";
import type { Stage } from "./stage.ts";

export interface Work {
  readonly name: string;
  /** For --help: what is done. */
  readonly about: string;
  measure(stage: Stage): Promise<Result>;
}
