/**
 * The login of a pod: token and CA files of its service account, address from the two environment variables.
 * The same as client-node's loadFromCluster in a few lines, because loading that package costs 40 MB and more.
 */
import { accessSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { Environment } from "../plugin/context.ts";
import { DroplensError, describeError, RetryableError } from "../plugin/errors.ts";
import type { Credentials, Login } from "./credentials.ts";

export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Bound tokens live an hour and the kubelet replaces the file at 80 % of it; client-go reads it again each minute too. */
const maxAgeMillis = 60_000;

/** Undefined when this is no pod with a service account. */
export function serviceAccount(
  environment: Environment,
  folder: string,
  now: () => number = Date.now,
): Credentials | undefined {
  const host = environment.KUBERNETES_SERVICE_HOST;
  if (host === undefined || host === "" || !isReadable(join(folder, "token"))) return undefined;
  let cached: { login: Login; at: number } | undefined;
  return {
    address: inClusterAddress(host, environment.KUBERNETES_SERVICE_PORT),
    origin: "service account",
    async current(renew) {
      const fresh = cached !== undefined && !renew && now() - cached.at < maxAgeMillis;
      if (cached === undefined || !fresh) cached = { login: await readLogin(folder), at: now() };
      return cached.login;
    },
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

function isReadable(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
