/** How far the kernel's log has been read: what the checkpoint keeps. Sequence numbers begin anew with each boot. */
import type { JsonValue } from "../../core/plugin/index.ts";

export type Place = {
  readonly bootId: string;
  /** Of the last record that was read. */
  readonly sequence: number;
};

/** Undefined: from disk came something else. */
export function readPlace(resume: JsonValue): Place | undefined {
  if (typeof resume !== "object" || resume === null || !("bootId" in resume)) return undefined;
  const { bootId, sequence } = resume;
  const isPlace = typeof bootId === "string" && typeof sequence === "number" && Number.isSafeInteger(sequence);
  return isPlace ? { bootId, sequence } : undefined;
}
