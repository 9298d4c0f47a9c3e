import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type FakeKubernetes, startFakeKubernetes } from "../testkit/fake-kubernetes/index.ts";
import type { ApiServer } from "./api-server.ts";
import { connectApiServer, type KubernetesOptions, kubernetesOptions } from "./connect.ts";

let folder: string;
let fake: FakeKubernetes;
const open: ApiServer[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "droplens-connect-"));
  fake = await startFakeKubernetes();
});

afterEach(async () => {
  for (const api of open.splice(0)) api.close();
  await fake.stop();
  await rm(folder, { recursive: true });
});

const signal = () => AbortSignal.timeout(5000);

function connect(options: KubernetesOptions, environment: Record<string, string> = {}): ApiServer {
  const api = connectApiServer(options, environment, join(folder, "serviceaccount"));
  open.push(api);
  return api;
}

async function authorization(api: ApiServer): Promise<string | undefined> {
  await api.request({ method: "GET", path: "/version" }, signal());
  return fake.requests.at(-1)?.headers.authorization?.toString();
}

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function writeServiceAccount(token: string): Promise<void> {
  await mkdir(join(folder, "serviceaccount"), { recursive: true });
  await write("serviceaccount/token", `${token}\n`);
  await write("serviceaccount/ca.crt", "");
}

const kubeconfig = (user: string, cluster = `server: "${fake.url}"`) => `
current-context: here
clusters: [{ name: c, cluster: { ${cluster} } }]
users: [{ name: u, user: { ${user} } }]
contexts: [{ name: here, context: { cluster: c, user: u } }]
`;

describe("in a cluster", () => {
  const inCluster = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };

  it("takes address and token of the service account, before any kubeconfig", async () => {
    await writeServiceAccount("pod-token");
    const KUBECONFIG = await write("kubeconfig", kubeconfig("token: other"));
    expect(connect({}, { ...inCluster, KUBECONFIG })).toMatchObject({
      address: "https://10.96.0.1:443",
      origin: "service account",
    });
  });

  it("writes an IPv6 address in brackets", async () => {
    await writeServiceAccount("pod-token");
    const api = connect({}, { ...inCluster, KUBERNETES_SERVICE_HOST: "fd00::1" });
    expect(api.address).toBe("https://[fd00::1]:443");
  });

  it("keeps the service account's token for another address", async () => {
    await writeServiceAccount("pod-token");
    const api = connect({ server: fake.url }, inCluster);
    expect(api.address).toBe(fake.url);
    expect(await authorization(api)).toBe("Bearer pod-token");
  });

  it("reads a rotated token as soon as the old one is refused", async () => {
    await writeServiceAccount("old");
    const api = connect({ server: fake.url }, inCluster);
    await authorization(api);
    await writeServiceAccount("new");
    fake.fault({ answer: { kind: "status", status: 401, reason: "Unauthorized" } });
    const { status } = await api.request({ method: "GET", path: "/version" }, signal());
    expect(status).toBe(200);
    const sent = fake.requests.map((request) => request.headers.authorization);
    expect(sent).toEqual(["Bearer old", "Bearer old", "Bearer new"]);
  });

  it("hands a 401 on when reading the token again gives the same", async () => {
    await writeServiceAccount("refused");
    fake.fault({ times: Number.POSITIVE_INFINITY, answer: { kind: "status", status: 401, reason: "Unauthorized" } });
    const api = connect({ server: fake.url }, inCluster);
    const { status } = await api.request({ method: "GET", path: "/version" }, signal());
    expect([status, fake.requests.length]).toEqual([401, 1]);
  });

  it("says that the token cannot be read, and that it may be tried again", async () => {
    await writeServiceAccount("gone");
    const api = connect({ server: fake.url }, inCluster);
    await rm(join(folder, "serviceaccount", "token"));
    await expect(api.request({ method: "GET", path: "/version" }, signal())).rejects.toMatchObject({
      code: "KUBERNETES_CREDENTIALS_UNREADABLE",
      retryable: true,
      message: expect.stringContaining("serviceaccount/token"),
    });
  });
});

describe("with a kubeconfig", () => {
  it("finds it by option, by KUBECONFIG and in the home folder, in this order", async () => {
    await mkdir(join(folder, ".kube"));
    await write(".kube/config", kubeconfig("token: home"));
    const KUBECONFIG = await write("env", kubeconfig("token: env"));
    const option = await write("option", kubeconfig("token: option"));
    const tokens = [
      await authorization(connect({ kubeconfig: option }, { HOME: folder, KUBECONFIG })),
      await authorization(connect({}, { HOME: folder, KUBECONFIG })),
      await authorization(connect({}, { HOME: folder, KUBECONFIG: "" })),
    ];
    expect(tokens).toEqual(["Bearer option", "Bearer env", "Bearer home"]);
  });

  it("merges several files as kubectl does: the first to name a thing wins, missing files are passed over", async () => {
    const first = await write("first", `current-context: here\nusers: [{ name: u, user: { token: first } }]`);
    const second = await write("second", kubeconfig("token: second"));
    const KUBECONFIG = [first, join(folder, "missing"), second].join(":");
    expect(await authorization(connect({}, { KUBECONFIG }))).toBe("Bearer first");
  });

  it("reads a token from a file beside the kubeconfig", async () => {
    await write("token.txt", "from-file\n");
    const path = await write("kubeconfig", kubeconfig("tokenFile: token.txt"));
    expect(await authorization(connect({ kubeconfig: path }))).toBe("Bearer from-file");
  });

  it("logs in with user and password", async () => {
    const path = await write("kubeconfig", kubeconfig("username: ann, password: secret"));
    expect(await authorization(connect({ kubeconfig: path }))).toBe(`Basic ${btoa("ann:secret")}`);
  });

  it("asks an exec plugin once, and again when its token is refused", async () => {
    const plugin = await write("login.sh", execPlugin);
    await chmod(plugin, 0o755);
    const path = await write(
      "kubeconfig",
      kubeconfig(`exec: { apiVersion: v1, command: ./login.sh, args: ["${folder}"] }`),
    );
    const api = connect({ kubeconfig: path });
    expect([await authorization(api), await authorization(api)]).toEqual(["Bearer call-1", "Bearer call-1"]);
    fake.fault({ answer: { kind: "status", status: 401 } });
    expect(await authorization(api)).toBe("Bearer call-2");
    expect(await readFile(join(folder, "calls"), "utf8")).toBe("x\nx\n");
  });

  it("does not show what a failing exec plugin printed", async () => {
    const plugin = await write("login.sh", "#!/bin/sh\necho token-abc\n");
    await chmod(plugin, 0o755);
    const path = await write("kubeconfig", kubeconfig("exec: { apiVersion: v1, command: ./login.sh }"));
    const failure = await connect({ kubeconfig: path })
      .request({ method: "GET", path: "/version" }, signal())
      .catch(String);
    expect(failure).toContain("cannot log in with kubeconfig");
    expect(failure).not.toContain("token-abc");
  });

  it("takes the server option in place of the cluster's address", async () => {
    const path = await write("kubeconfig", kubeconfig("token: t", 'server: "https://127.0.0.1:1"'));
    expect(await authorization(connect({ kubeconfig: path, server: `${fake.url}/` }))).toBe("Bearer t");
  });

  it("chooses the context that is asked for", async () => {
    const path = await write(
      "kubeconfig",
      `${kubeconfig("token: one")}\n`
        .replace("contexts: [", "contexts: [{ name: there, context: { cluster: c, user: v } }, ")
        .replace("users: [", "users: [{ name: v, user: { token: two } }, "),
    );
    expect(await authorization(connect({ kubeconfig: path, context: "there" }))).toBe("Bearer two");
  });

  const faults = [
    {
      name: "an unknown context",
      text: () => kubeconfig(""),
      options: { context: "nowhere" },
      says: 'no context "nowhere": choose one of "here"',
    },
    {
      name: "no current context",
      text: () => kubeconfig("").replace("current-context: here", ""),
      options: {},
      says: "no current-context: choose one of",
    },
    {
      name: "a context without its cluster",
      text: () => kubeconfig("").replace("cluster: c,", "cluster: d,"),
      options: {},
      says: 'names cluster "d", not there',
    },
    { name: "broken YAML", text: () => "users: [{ token: secret-1", options: {}, says: "no YAML" },
    { name: "a wrong type", text: () => kubeconfig("token: [secret-1]"), options: {}, says: "users.0.user.token" },
    { name: "no server", text: () => kubeconfig("", ""), options: {}, says: "has no server" },
  ];
  it.each(faults)("refuses $name, without quoting the file", async ({ text, options, says }) => {
    const path = await write("kubeconfig", text());
    const failure = thrown(() => connect({ kubeconfig: path, ...options }));
    expect(failure).toMatchObject({ code: "KUBERNETES_BAD_KUBECONFIG", message: expect.stringContaining(says) });
    expect(String(failure)).toContain(path);
    expect(String(failure)).not.toContain("secret-1");
  });
});

describe("with neither", () => {
  it("refuses to start, and says where it looked and what to do: no silent localhost", () => {
    const failure = thrown(() => connect({}, { HOME: folder }));
    expect(failure).toMatchObject({ code: "KUBERNETES_NO_CREDENTIALS", retryable: false });
    expect(String(failure)).toContain(join(folder, ".kube/config"));
    expect(String(failure)).toContain("KUBERNETES_SERVICE_HOST is not set");
    expect(String(failure)).toContain("KUBE_API_SERVER");
  });

  it("says that the token is missing in a pod without a service account", () => {
    const failure = thrown(() => connect({}, { KUBERNETES_SERVICE_HOST: "10.96.0.1" }));
    expect(String(failure)).toContain("serviceaccount/token: not there");
  });

  it("talks to a plain http server without credentials", async () => {
    const api = connect({ server: fake.url }, { HOME: folder });
    expect(await authorization(api)).toBeUndefined();
    expect(api.origin).toBe("no credentials");
  });

  it("does not take an https server without credentials", () => {
    expect(thrown(() => connect({ server: "https://10.0.0.1" }))).toMatchObject({ code: "KUBERNETES_NO_CREDENTIALS" });
  });

  it("does not go on without the kubeconfig that was named", () => {
    const missing = { kubeconfig: join(folder, "missing"), server: fake.url };
    expect(thrown(() => connect(missing))).toMatchObject({ code: "KUBERNETES_NO_CREDENTIALS" });
  });

  it.each(["10.0.0.1:6443", "ftp://host", "https://ann:secret-1@host"])("refuses the address %s", (server) => {
    const failure = thrown(() => connect({ server }));
    expect(failure).toMatchObject({ code: "KUBERNETES_BAD_ADDRESS" });
    expect(String(failure)).not.toContain("secret-1");
  });
});

describe("the options", () => {
  const schema = z.strictObject(kubernetesOptions);

  it("may all be left out, and a server may be empty: an unset variable of the bundle", () => {
    expect(schema.parse({})).toEqual({});
    expect(schema.parse({ server: "" })).toEqual({ server: "" });
  });

  it("refuse a server that is no http address", () => {
    expect(schema.safeParse({ server: "10.0.0.1:6443" }).success).toBe(false);
  });
});

/** Answers with call-1, call-2 …, counting in a file of the folder that is its argument. */
const execPlugin = `#!/bin/sh
echo x >> "$1/calls"
n=$(grep -c x "$1/calls")
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"call-'$n'"}}'
`;

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}
