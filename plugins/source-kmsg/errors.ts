/** The errors of this room: the device cannot be opened or read. At start and while running they end the process. */
import { DroplensError } from "../../core/plugin/index.ts";

export type SourceKmsgCode = "SOURCE_KMSG_OPEN" | "SOURCE_KMSG_READ";

export class SourceKmsgError extends DroplensError<SourceKmsgCode> {}

/** The code of a system error: "ENOENT", "EACCES" … */
export function systemCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

export function cannotOpen(path: string, error: unknown): SourceKmsgError {
  const code = systemCode(error) || String(error);
  return new SourceKmsgError(
    "SOURCE_KMSG_OPEN",
    `cannot open ${path} (${code}): ${remedies[code] ?? "is it mounted?"}`,
  );
}

const remedies: Readonly<Record<string, string>> = {
  ENOENT: "it is not there: mount the node's /dev/kmsg (hostPath, type CharDevice)",
  EACCES: "run as a user that may read it (root, or its group)",
  // The device cgroup of a container answers so, and the kernel itself where kernel.dmesg_restrict is 1.
  EPERM: "the container may not: it needs `privileged: true`, or CAP_SYSLOG and a device rule for /dev/kmsg",
  ENXIO: "it is no log device of the kernel",
};

export function cannotRead(path: string, error: unknown): SourceKmsgError {
  const code = systemCode(error) || String(error);
  const remedy = code === "EISDIR" ? "it is a directory: name the device, /dev/kmsg" : "is it the kernel's log device?";
  return new SourceKmsgError("SOURCE_KMSG_READ", `cannot read ${path} (${code}): ${remedy}`);
}
