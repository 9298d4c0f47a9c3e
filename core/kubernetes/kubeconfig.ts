/**
 * Reads kubeconfig files as kubectl does (several files merge, the first to name a thing wins, relative paths are
 * relative to their file) and picks one context. In come paths, out comes the chosen cluster and user.
 */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { DroplensError, describeError } from "../plugin/errors.ts";

export type KubeconfigCluster = z.infer<typeof clusterSchema>;
export type KubeconfigUser = z.infer<typeof userSchema>;

export interface ChosenContext {
  /** The files that were found, for messages. */
  readonly paths: readonly string[];
  readonly context: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
}

const text = z.string().nullish();

const clusterSchema = z.looseObject({
  server: text,
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": z.boolean().nullish(),
  "tls-server-name": text,
  "proxy-url": text,
});

const userSchema = z.looseObject({
  token: text,
  tokenFile: text,
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  username: text,
  password: text,
  as: text,
  exec: z.looseObject({ command: z.string() }).nullish(),
  "auth-provider": z.looseObject({}).nullish(),
});

const contextSchema = z.looseObject({ cluster: text, user: text });

const kubeconfigSchema = z.looseObject({
  "current-context": text,
  clusters: z.array(z.looseObject({ name: z.string(), cluster: clusterSchema.nullish() })).nullish(),
  users: z.array(z.looseObject({ name: z.string(), user: userSchema.nullish() })).nullish(),
  contexts: z.array(z.looseObject({ name: z.string(), context: contextSchema.nullish() })).nullish(),
});

type Kubeconfig = z.infer<typeof kubeconfigSchema>;

/** Undefined when none of the files exists. Throws what a person must mend: broken file, unknown context. */
export function chooseContext(paths: readonly string[], wanted: string | undefined): ChosenContext | undefined {
  const files = paths.flatMap((path) => {
    const config = readKubeconfig(path);
    return config === undefined ? [] : [{ path, config }];
  });
  if (files.length === 0) return undefined;
  const found = files.map((file) => file.path);
  const contexts = files.flatMap((file) => file.config.contexts ?? []);
  const context = wanted ?? files.map((file) => file.config["current-context"]).find((name) => name) ?? undefined;
  const chosen = contexts.find((entry) => entry.name === context)?.context;
  if (context === undefined || chosen === undefined || chosen === null) {
    throw badKubeconfig(found, noContext(context, contexts));
  }
  const cluster = files.flatMap((file) => file.config.clusters ?? []).find((entry) => entry.name === chosen.cluster);
  if (!cluster?.cluster)
    throw badKubeconfig(found, `context "${context}" names cluster "${chosen.cluster}", not there`);
  const user = files.flatMap((file) => file.config.users ?? []).find((entry) => entry.name === chosen.user);
  if (chosen.user && user === undefined) {
    throw badKubeconfig(found, `context "${context}" names user "${chosen.user}", not there`);
  }
  return { paths: found, context, cluster: cluster.cluster, user: user?.user ?? {} };
}

export function badKubeconfig(paths: readonly string[], problem: string): DroplensError {
  return new DroplensError("KUBERNETES_BAD_KUBECONFIG", `kubeconfig ${paths.join(", ")}: ${problem}`);
}

function noContext(context: string | undefined, contexts: ReadonlyArray<{ readonly name: string }>): string {
  const names = contexts.map((entry) => `"${entry.name}"`).join(", ");
  const choice = names === "" ? "it has no contexts" : `choose one of ${names} with the option "context"`;
  return context === undefined ? `no current-context: ${choice}` : `no context "${context}": ${choice}`;
}

function readKubeconfig(path: string): Kubeconfig | undefined {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw badKubeconfig([path], `cannot be read (${describeError(error)}): mend its path or its rights`);
  }
  return withAbsolutePaths(parseKubeconfig(path, content), dirname(path));
}

function parseKubeconfig(path: string, content: string): Kubeconfig {
  let tree: unknown;
  try {
    tree = parse(content);
  } catch (error) {
    // Only the first line: the rest of a YAML error quotes the file, which holds tokens.
    throw badKubeconfig([path], `no YAML: ${describeError(error).split("\n")[0]}`);
  }
  const result = kubeconfigSchema.safeParse(tree ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw badKubeconfig([path], `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

function withAbsolutePaths(config: Kubeconfig, folder: string): Kubeconfig {
  const absolute = (path: string | null | undefined) => (!path || isAbsolute(path) ? path : join(folder, path));
  for (const { cluster } of config.clusters ?? []) {
    if (cluster) cluster["certificate-authority"] = absolute(cluster["certificate-authority"]);
  }
  for (const { user } of config.users ?? []) {
    if (!user) continue;
    user.tokenFile = absolute(user.tokenFile);
    user["client-certificate"] = absolute(user["client-certificate"]);
    user["client-key"] = absolute(user["client-key"]);
    // A bare command is looked up in PATH, "./login" belongs to the file: as client-go does.
    if (user.exec?.command.includes("/")) user.exec.command = absolute(user.exec.command) ?? user.exec.command;
  }
  return config;
}
