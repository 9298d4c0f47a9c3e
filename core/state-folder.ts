/** Finds out once whether checkpoints can be kept, and says so in one log line when they cannot. */
import { access, constants, mkdir } from "node:fs/promises";
import type { Logger } from "./plugin/context.ts";
import { describeError } from "./plugin/errors.ts";

/** `folder` when it can be written to, else undefined. */
export async function usableStateFolder(folder: string, logger: Logger): Promise<string | undefined> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    const fields = { stateFolder: folder, error: describeError(error) };
    logger.warn(
      fields,
      "no writable state folder: the checkpoint lives in memory, and a restart reads the log from its beginning",
    );
    return undefined;
  }
}
