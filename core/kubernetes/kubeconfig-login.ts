/**
 * The login that a kubeconfig's context describes. Tokens, files and client certificates are read here; the rest (exec
 * plugins, auth providers, proxies) is left to @kubernetes/client-node, loaded only then: it costs 85 MB resident.
 */
import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { describeError, RetryableError } from "../plugin/errors.ts";
import type { Credentials, Login, TlsOptions } from "./credentials.ts";
import { badKubeconfig, type ChosenContext, type KubeconfigCluster, type KubeconfigUser } from "./kubeconfig.ts";
import { loginCache } from "./login-cache.ts";

/** `server` takes the place of the cluster's own address. `reload` reads the kubeconfig files again. */
export function kubeconfigLogin(
  first: ChosenContext,
  server: string | undefined,
  reload: () => ChosenContext | undefined,
): Credentials {
  const address = server ?? first.cluster.server;
  if (!address) throw badKubeconfig(first.paths, `the cluster of context "${first.context}" has no server`);
  let chosen = first;
  let login = loginOf(chosen, address);
  return {
    address,
    origin: `kubeconfig ${first.paths.join(", ")}, context ${first.context}`,
    current: loginCache(async (renew) => {
      if (renew) {
        chosen = reload() ?? chosen;
        login = loginOf(chosen, address);
      }
      return await explained(login, chosen);
    }),
  };
}

function loginOf(chosen: ChosenContext, address: string): () => Promise<Login> {
  const { cluster, user } = chosen;
  const needsClient = user.exec || user["auth-provider"] || cluster["proxy-url"];
  return needsClient ? clientNodeLogin(chosen, address) : () => plainLogin(cluster, user);
}

async function explained(login: () => Promise<Login>, chosen: ChosenContext): Promise<Login> {
  try {
    return await login();
  } catch (error) {
    throw new RetryableError(
      "KUBERNETES_CREDENTIALS_UNREADABLE",
      `cannot log in with kubeconfig ${chosen.paths.join(", ")}, context ${chosen.context}`,
      // A SyntaxError quotes what the exec plugin printed, which is a token.
      { cause: new Error(error instanceof SyntaxError ? "its exec plugin prints no JSON" : describeError(error)) },
    );
  }
}

async function plainLogin(cluster: KubeconfigCluster, user: KubeconfigUser): Promise<Login> {
  const [ca, cert, key, token] = await Promise.all([
    fileOrData(cluster["certificate-authority"], cluster["certificate-authority-data"]),
    fileOrData(user["client-certificate"], user["client-certificate-data"]),
    fileOrData(user["client-key"], user["client-key-data"]),
    user.tokenFile ? readFile(user.tokenFile, "utf8") : user.token,
  ]);
  const headers: Record<string, string> = {};
  if (token) headers.Authorization = `Bearer ${token.trim()}`;
  else if (user.username) headers.Authorization = `Basic ${btoa(`${user.username}:${user.password ?? ""}`)}`;
  if (user.as) headers["Impersonate-User"] = user.as;
  return { headers, tls: { ...tlsOf(cluster), ca, cert, key } };
}

function tlsOf(cluster: KubeconfigCluster): TlsOptions {
  return {
    servername: cluster["tls-server-name"] ?? undefined,
    rejectUnauthorized: !cluster["insecure-skip-tls-verify"],
  };
}

/** Data wins over a file, as in client-go (clientcmd's getServerIdentificationPartialConfig and BuildConfig). */
async function fileOrData(file?: string | null, data?: string | null): Promise<Buffer | undefined> {
  if (data) return Buffer.from(data, "base64");
  return file ? await readFile(file) : undefined;
}

/** KubeConfig keeps what an exec plugin answered until it expires, so one object serves until `renew`. */
function clientNodeLogin(chosen: ChosenContext, address: string): () => Promise<Login> {
  const plainHttp = address.startsWith("http:");
  const cluster = { ...chosen.cluster, server: address, ...(plainHttp && { "insecure-skip-tls-verify": true }) };
  const loading = loadKubeConfig(cluster, chosen.user);
  loading.catch(() => undefined); // awaited at each call; nobody may call
  return async () => {
    const config = await loading;
    const options: Parameters<typeof config.applyToHTTPSOptions>[0] = {};
    await config.applyToHTTPSOptions(options);
    const { username, password } = chosen.user;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
    if (username) headers.Authorization ??= `Basic ${btoa(`${username}:${password ?? ""}`)}`;
    const bytes = (value: unknown) => (typeof value === "string" || Buffer.isBuffer(value) ? value : undefined);
    return {
      headers,
      tls: { ...tlsOf(cluster), ca: bytes(options.ca), cert: bytes(options.cert), key: bytes(options.key) },
      proxyAgent: cluster["proxy-url"] && options.agent instanceof Agent ? options.agent : undefined,
    };
  };
}

async function loadKubeConfig(cluster: KubeconfigCluster, user: KubeconfigUser) {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const config = new KubeConfig();
  // JSON is YAML; one cluster and one user, already chosen, with absolute paths.
  const document = {
    clusters: [{ name: "chosen", cluster }],
    users: [{ name: "chosen", user }],
    contexts: [{ name: "chosen", context: { cluster: "chosen", user: "chosen" } }],
    "current-context": "chosen",
  };
  config.loadFromString(JSON.stringify(document));
  return config;
}
