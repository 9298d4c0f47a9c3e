/** Starts the servers that the works need, each in a process of its own, and waits until they listen. */
import type { Daemon } from "../daemon.ts";
import { checkout, type Stage } from "../stage.ts";

export interface Server {
  readonly url: string;
  readonly daemon: Daemon;
}

export function startPodServer(stage: Stage, pods: number): Promise<Server> {
  return startServer(stage, ["bench/scale/pod-server.ts", String(pods)]);
}

/** `words`: a program of this checkout and its arguments; it prints {"url"} when it is there. */
export async function startServer(
  stage: Stage,
  [file = "", ...rest]: readonly string[],
  onLine?: (line: string) => void,
): Promise<Server> {
  const daemon = stage.start(
    [process.execPath, `${checkout}/${file}`, ...rest],
    onLine === undefined ? {} : { onLine },
  );
  const [, url = ""] = await daemon.says(/"url":"([^"]+)"/, stage.signal);
  return { url, daemon };
}
