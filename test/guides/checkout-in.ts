/** A folder in which a guide's commands find a checkout and may write files of their own. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../support/child.ts";

export function checkoutIn(folder: string): string {
  for (const name of ["config", "core", "deploy", "docs", "node_modules", "package.json", "plugins"])
    symlinkSync(join(checkout, name), join(folder, name));
  return folder;
}
