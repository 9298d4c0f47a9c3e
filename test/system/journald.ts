/**
 * A real systemd-journald of the test's own: in a mount namespace where /run and /var/log are its own, with its journal in
 * a folder that the test names. It reads this machine's kernel log, all that the kernel still has of it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { output, run } from "./command.ts";
import { waitFor } from "./wait-for.ts";

const script = `
set -e
mount -t tmpfs none /var/log
mkdir /var/log/of-the-test
mount --bind "$1" /var/log/of-the-test
mount -t tmpfs none /run
mkdir -p /run/log/journal /run/systemd/journal
mount --bind /var/log/of-the-test /run/log/journal
exec /lib/systemd/systemd-journald
`;

export class Journald {
  readonly folder: string;
  readonly #child: ChildProcess;
  #said = "";

  private constructor(folder: string) {
    this.folder = folder;
    this.#child = spawn("unshare", ["--mount", "sh", "-c", script, "sh", folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        this.#said += bytes.toString();
      });
    }
  }

  static async start(folder: string): Promise<Journald> {
    await mkdir(folder, { recursive: true });
    const journald = new Journald(folder);
    const hasStarted = async () => (await journald.messages(["_TRANSPORT=driver"])).length > 0;
    const hopeless = () => journald.#child.exitCode !== null;
    await waitFor("the journal's first record", hasStarted, { explain: () => journald.#said, hopeless });
    return journald;
  }

  /** As an administrator asks for them. */
  async messages(words: readonly string[]): Promise<string[]> {
    const text = await output(["journalctl", "--directory", this.folder, "--merge", "--output=cat", ...words]);
    return text.split("\n").slice(0, -1);
  }

  /** Begins another file; the old one is an archive then. */
  rotate(): void {
    this.#child.kill("SIGUSR2");
  }

  /** Takes the archives away. */
  async vacuum(): Promise<void> {
    await run(["journalctl", "--directory", this.folder, "--vacuum-files=1"]);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
