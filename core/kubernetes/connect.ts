/**
 * Finds the API server and how to log in: the service account in a cluster, else a kubeconfig, else a plain http
 * server that asks for nothing; never a silent localhost. Called by plugins with their options, before any request.
 */
import { delimiter, join } from "node:path";
import { z } from "zod";
import type { Environment } from "../plugin/context.ts";
import { DroplensError } from "../plugin/errors.ts";
import type { ApiServer } from "./api-server.ts";
import { anonymous, type Credentials } from "./credentials.ts";
import { type ChosenContext, chooseContext } from "./kubeconfig.ts";
import { kubeconfigLogin } from "./kubeconfig-login.ts";
import { serviceAccount, serviceAccountFolder } from "./service-account.ts";
import { apiServer } from "./transport.ts";

/** For a plugin's options: `z.strictObject({ ...kubernetesOptions, … })`. */
export const kubernetesOptions = {
  server: z
    .union([
      z.literal(""),
      z.url({ protocol: /^https?$/, error: "no address of an API server: write it like https://10.0.0.1:6443" }),
    ])
    .optional()
    .describe(
      "Address of the API server, in place of the one that the service account or the kubeconfig names; http:// too",
    ),
  kubeconfig: z
    .string()
    .optional()
    .describe("Kubeconfig file to log in with. Left out: the service account, else KUBECONFIG, else ~/.kube/config"),
  context: z.string().optional().describe("Context of the kubeconfig; left out: its current-context"),
};

/** An empty text counts as left out, so that `"${env:KUBE_API_SERVER:-}"` is legal. */
export interface KubernetesOptions {
  readonly server?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Reads the kubeconfig, opens no connection. Throws a DroplensError when there is no way to log in. */
export function connectApiServer(
  options: KubernetesOptions,
  environment: Environment,
  folder = serviceAccountFolder,
): ApiServer {
  return apiServer(findCredentials(options, environment, folder));
}

function findCredentials(options: KubernetesOptions, environment: Environment, folder: string): Credentials {
  const server = options.server ? checkedAddress(options.server) : undefined;
  // Who names a kubeconfig means it, in a cluster too.
  const named = Boolean(options.kubeconfig || options.context);
  const account = named ? undefined : serviceAccount(environment, folder);
  if (typeof account === "object") return server === undefined ? account : { ...account, address: server };

  const paths = kubeconfigPaths(options, environment);
  const choose = (): ChosenContext | undefined => chooseContext(paths, options.context || undefined);
  const chosen = choose();
  if (chosen !== undefined) return withCheckedAddress(kubeconfigLogin(chosen, server, choose));
  if (server?.startsWith("http:") && !named) return anonymous(server);
  throw noCredentials(server, account === undefined ? [] : [account], paths);
}

/** kubectl's order: KUBECONFIG hides ~/.kube/config. */
function kubeconfigPaths(options: KubernetesOptions, environment: Environment): readonly string[] {
  if (options.kubeconfig) return [options.kubeconfig];
  const listed = (environment.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return listed;
  return environment.HOME ? [join(environment.HOME, ".kube", "config")] : [];
}

function noCredentials(server: string | undefined, others: readonly string[], paths: readonly string[]): DroplensError {
  const looked = [...others, ...paths.map((path) => `the kubeconfig ${path}: not there`)].join("; ");
  const goal = server === undefined ? "no Kubernetes API server to talk to" : `no credentials for ${server}`;
  return new DroplensError(
    "KUBERNETES_NO_CREDENTIALS",
    `${goal} (${looked === "" ? "no HOME, no KUBECONFIG" : looked}): ` +
      "run in a pod with a service account, or name a kubeconfig with KUBECONFIG or the option kubeconfig, " +
      "or set KUBE_API_SERVER or the option server to an http:// address",
  );
}

function withCheckedAddress(credentials: Credentials): Credentials {
  return { ...credentials, address: checkedAddress(credentials.address) };
}

/** Without user part, query and trailing slash, so that it can be shown and a path appended. */
function checkedAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    const shown = url === undefined ? address : `${url.protocol}//${url.host}`;
    throw new DroplensError(
      "KUBERNETES_BAD_ADDRESS",
      `"${shown}" is no address of an API server: write it like https://10.0.0.1:6443, without user, password and query`,
    );
  }
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}
