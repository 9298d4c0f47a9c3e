/** A folder of a test's own, gone after it. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export function tempFolder(finished: (clean: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), "droplens-test-"));
  // Other users are tried, too.
  chmodSync(folder, 0o755);
  finished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
