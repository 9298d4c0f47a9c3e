/**
 * The login of a pod: token and CA files of its service account, address from the two environment variables.
 * The same as client-node's loadFromCluster in a few lines, because loading that package costs 40 MB and more.
 */
import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { Environment } from "../plugin/context.ts";
import { DroplensError, describeError, RetryableError } from "../plugin/errors.ts";
import type { Credentials, Login } from "./credentials.ts";
import { loginCache } from "./login-cache.ts";

export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Credentials, or why there are none here. */
export function serviceAccount(environment: Environment, folder: string): Credentials | string {
  const host = environment.KUBERNETES_SERVICE_HOST;
  if (host === undefined || host === "") return "no service account, KUBERNETES_SERVICE_HOST is not set";
  const problem = accessProblem(join(folder, "token"));
  if (problem !== undefined) return `the service account's ${join(folder, "token")}: ${problem}`;
  return {
    address: inClusterAddress(host, environment.KUBERNETES_SERVICE_PORT),
    origin: "service account",
    current: loginCache(() => readLogin(folder)),
  };
}

function inClusterAddress(host: string, port: string | undefined): string {
  const address = `https://${isIPv6(host) ? `[${host}]` : host}:${port === undefined || port === "" ? "443" : port}`;
  if (URL.canParse(address)) return address;
  throw new DroplensError(
    "KUBERNETES_BAD_ADDRESS",
    `KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make no address (${address}): unset them or set KUBE_API_SERVER`,
  );
}

async function readLogin(folder: string): Promise<Login> {
  const [token, ca] = await Promise.all([readText(join(folder, "token")), readText(join(folder, "ca.crt"))]);
  return { headers: { Authorization: `Bearer ${token.trim()}` }, tls: { ca } };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new RetryableError("KUBERNETES_CREDENTIALS_UNREADABLE", `cannot read the service account's ${path}`, {
      cause: new Error(describeError(error)),
    });
  }
}

function accessProblem(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" ? "not there" : `cannot be read (${String(code)})`;
  }
}
