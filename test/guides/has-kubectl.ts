/** Whether there is a kubectl on this machine. */
import { execFileSync } from "node:child_process";

export function hasKubectl(): boolean {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore", timeout: 15_000 });
    return true;
  } catch {
    return false;
  }
}
