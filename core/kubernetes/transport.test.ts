import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeKubernetes, startFakeKubernetes } from "../testkit/fake-kubernetes/index.ts";
import type { ApiServer } from "./api-server.ts";
import { connectApiServer } from "./connect.ts";

const version = { method: "GET", path: "/version" } as const;
const signal = () => AbortSignal.timeout(5000);
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function connect(server: string, environment: Record<string, string> = {}): ApiServer {
  const api = connectApiServer({ server }, environment, "/nonexistent");
  closing.push(() => api.close());
  return api;
}

async function listen(server: Server, host = "127.0.0.1"): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

describe("requests", () => {
  let fake: FakeKubernetes;
  let api: ApiServer;
  beforeEach(async () => {
    fake = await startFakeKubernetes();
    closing.push(() => fake.stop());
    api = connect(fake.url);
  });

  it("share one kept-alive connection", async () => {
    for (let i = 0; i < 20; i++) await api.request(version, signal());
    expect(fake.connections).toBe(1);
  });

  it("say who they are and send JSON", async () => {
    const body = { metadata: { name: "shop" } };
    await api.request({ method: "POST", path: "/api/v1/namespaces", body }, signal());
    const [request] = fake.requests;
    expect(request).toMatchObject({ body, headers: { "user-agent": "droplens", "content-type": "application/json" } });
  });

  it("resolve for every status, with the time to wait if the server names one", async () => {
    fake.fault({ answer: { kind: "status", status: 429, reason: "TooManyRequests", retryAfter: "2" } });
    const response = await api.request(version, signal());
    expect(response).toMatchObject({ status: 429, retryAfterMillis: 2000 });
    expect(response.json()).toMatchObject({ kind: "Status", reason: "TooManyRequests" });
  });

  it("give undefined for a body that is no JSON", async () => {
    fake.fault({ answer: { kind: "status", status: 502, body: "<html>" } });
    const response = await api.request(version, signal());
    expect([response.status, response.json(), Buffer.from(response.body).toString()]).toEqual([
      502,
      undefined,
      "<html>",
    ]);
  });

  it("reject with a RetryableError when the connection breaks before the answer", async () => {
    fake.fault({ answer: { kind: "cut" } });
    await expect(api.request(version, signal())).rejects.toMatchObject({
      code: "KUBERNETES_UNREACHABLE",
      retryable: true,
      message: expect.stringContaining(fake.url),
    });
  });

  it("reject with a RetryableError after silence", async () => {
    fake.fault({ answer: { kind: "hang" } });
    const failure = api.request({ ...version, idleTimeoutMillis: 40 }, signal());
    await expect(failure).rejects.toMatchObject({
      code: "KUBERNETES_UNREACHABLE",
      cause: { message: "silence for 0.04 s" },
    });
  });

  it("reject with the reason of the abort, before and while under way", async () => {
    const before = AbortSignal.abort(new Error("too late"));
    await expect(api.request(version, before)).rejects.toThrow("too late");
    fake.fault({ answer: { kind: "hang" } });
    const abort = new AbortController();
    const failure = api.request(version, abort.signal);
    setTimeout(() => abort.abort(new Error("enough")), 20);
    await expect(failure).rejects.toThrow("enough");
  });

  it("reject once the connection is closed", async () => {
    api.close();
    api.close();
    await expect(api.request(version, signal())).rejects.toMatchObject({ code: "KUBERNETES_UNREACHABLE" });
  });
});

describe("connections that went stale while idle", () => {
  it("are replaced for a GET, and only for that", async () => {
    let requests = 0;
    const server = createHttpServer((_request, response) => {
      requests++;
      // The second request on a connection finds it dying, as after a server's idle time-out.
      if (requests % 2 === 0) response.socket?.resetAndDestroy();
      else response.end("{}");
    });
    const api = connect(`http://127.0.0.1:${await listen(server)}`);
    await api.request(version, signal());
    expect((await api.request(version, signal())).status).toBe(200);
    const post = { method: "POST", path: "/api/v1/namespaces/a/events", body: {} } as const;
    await expect(api.request(post, signal())).rejects.toMatchObject({ retryable: true });
    expect(requests).toBe(4);
  });
});

describe("streams", () => {
  it("give the body as it comes, and end when the caller leaves", async () => {
    const fake = await startFakeKubernetes();
    closing.push(() => fake.stop());
    const api = connect(fake.url);
    fake.put({ kind: "Pod", metadata: { name: "a", namespace: "shop" } });
    const { status, body } = await api.stream({ method: "GET", path: "/api/v1/pods?watch=1" }, signal());
    expect(status).toBe(200);
    for await (const chunk of body) {
      expect(Buffer.from(chunk).toString()).toContain('"ADDED"');
      break;
    }
    while (fake.watching > 0) await sleep(5);
  });

  it("reject in the middle when the connection breaks", async () => {
    const fake = await startFakeKubernetes();
    closing.push(() => fake.stop());
    const { body } = await connect(fake.url).stream({ method: "GET", path: "/api/v1/pods?watch=1" }, signal());
    setTimeout(() => fake.cutWatches(), 10);
    const drained = (async () => {
      for await (const _chunk of body);
    })();
    await expect(drained).rejects.toMatchObject({ code: "KUBERNETES_UNREACHABLE" });
  });

  it("do not take a slow reader for a silent server", async () => {
    const text = "x".repeat(1024 * 1024);
    const server = createHttpServer((_request, response) => void response.end(text));
    const api = connect(`http://127.0.0.1:${await listen(server)}`);
    const { body } = await api.stream({ ...version, idleTimeoutMillis: 250 }, signal());
    let bytes = 0;
    for await (const chunk of body) {
      if (bytes === 0) await sleep(400);
      bytes += chunk.length;
    }
    expect(bytes).toBe(text.length);
  });

  it.each([
    ["one write", [3 * 1024 * 1024]],
    ["small and large pieces", [1, 100, 70_000, 16, 300_000, 65_536, 2]],
  ])("give every byte of %s, and take the memory of each chunk back when the next is asked for", async (_, sizes) => {
    const pieces = sizes.map((size, i) => Buffer.alloc(size, String.fromCharCode(97 + i)));
    const server = createHttpServer((_request, response) => {
      for (const piece of pieces) response.write(piece);
      response.end();
    });
    const api = connect(`http://127.0.0.1:${await listen(server)}`);
    // Twice over one connection: what was hung on it the first time must not spoil the second answer.
    for (let round = 0; round < 2; round++) {
      const { body } = await api.stream(version, signal());
      const copies: Buffer[] = [];
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) {
        copies.push(Buffer.from(chunk));
        chunks.push(chunk);
      }
      expect(Buffer.concat(copies).equals(Buffer.concat(pieces))).toBe(true);
      expect(chunks.reduce((bytes, chunk) => bytes + chunk.length, 0)).toBeLessThan(65_536);
      expect(Buffer.from((await api.request(version, signal())).body).equals(Buffer.concat(pieces))).toBe(true);
    }
  });

  it("keep a whole answer below a bound", async () => {
    const piece = Buffer.alloc(1024 * 1024, " ");
    const pieces = Readable.from(Array.from({ length: 66 }, () => piece));
    const server = createHttpServer((_request, response) => void pieces.pipe(response));
    const api = connect(`http://127.0.0.1:${await listen(server)}`);
    await expect(api.request(version, signal())).rejects.toMatchObject({ code: "KUBERNETES_ANSWER_TOO_LARGE" });
  });
});

describe("addresses", () => {
  it("may have a path in front", async () => {
    const paths: (string | undefined)[] = [];
    const server = createHttpServer((request, response) => {
      paths.push(request.url);
      response.end("{}");
    });
    const api = connect(`http://127.0.0.1:${await listen(server)}/k8s/clusters/c-1/`);
    await api.request(version, signal());
    expect(paths).toEqual(["/k8s/clusters/c-1/version"]);
  });

  it("where nothing listens are explained", async () => {
    const server = createHttpServer();
    const port = await listen(server);
    await closing.pop()?.();
    await expect(connect(`http://127.0.0.1:${port}`).request(version, signal())).rejects.toMatchObject({
      message: expect.stringContaining("nothing listens there"),
    });
  });
});

describe("TLS", () => {
  const testdata = (name: string) => join(import.meta.dirname, "testdata", name);
  const certificate = (name: string) => ({
    cert: readFileSync(testdata(`server-${name}.crt`)),
    key: readFileSync(testdata(`server-${name}.key`)),
  });
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-tls-"));
    closing.push(() => rm(folder, { recursive: true }));
  });

  async function connectTls(
    port: number,
    cluster: string,
    user = "token: secret-1",
    host = "127.0.0.1",
  ): Promise<ApiServer> {
    const path = join(folder, "kubeconfig");
    await writeFile(
      path,
      `current-context: c
clusters: [{ name: c, cluster: { server: "https://${host}:${port}", ${cluster} } }]
users: [{ name: c, user: { ${user} } }]
contexts: [{ name: c, context: { cluster: c, user: c } }]
`,
    );
    const api = connectApiServer({ kubeconfig: path }, {});
    closing.push(() => api.close());
    return api;
  }

  it("trusts the given authority and nobody else, and explains itself without the token", async () => {
    const server = createHttpsServer(certificate("a"), (_request, response) => void response.end("{}"));
    const port = await listen(server);
    const trusted = await connectTls(port, `certificate-authority: ${testdata("ca-a.crt")}`);
    expect((await trusted.request(version, signal())).status).toBe(200);
    const other = await connectTls(port, `certificate-authority: ${testdata("ca-b.crt")}`);
    const failure = await other.request(version, signal()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ retryable: true, message: expect.stringContaining("check certificate-authority") });
    expect(JSON.stringify(failure) + String(failure)).not.toContain("secret-1");
  });

  it("reads a renewed authority at once, without a restart", async () => {
    const server = createHttpsServer(certificate("a"), (_request, response) => void response.end("{}"));
    const port = await listen(server);
    const authority = join(folder, "ca.crt");
    await copyFile(testdata("ca-a.crt"), authority);
    const api = await connectTls(port, `certificate-authority: ${authority}`);
    expect((await api.request(version, signal())).status).toBe(200);
    server.setSecureContext(certificate("b"));
    server.closeAllConnections();
    await copyFile(testdata("ca-b.crt"), authority);
    expect((await api.request(version, signal())).status).toBe(200);
  });

  it("logs in with a client certificate", async () => {
    const settings = { ...certificate("a"), requestCert: true, ca: readFileSync(testdata("ca-a.crt")) };
    const server = createHttpsServer(settings, (_request, response) => void response.end("{}"));
    const user = `client-certificate: ${testdata("client.crt")}, client-key: ${testdata("client.key")}`;
    const api = await connectTls(await listen(server), `certificate-authority: ${testdata("ca-a.crt")}`, user);
    expect((await api.request(version, signal())).status).toBe(200);
  });

  it("checks the certificate against tls-server-name if there is one", async () => {
    const server = createHttpsServer(certificate("a"), (_request, response) => void response.end("{}"));
    const port = await listen(server);
    const authority = `certificate-authority: ${testdata("ca-a.crt")}`;
    const right = await connectTls(port, `${authority}, tls-server-name: kubernetes.test`);
    expect((await right.request(version, signal())).status).toBe(200);
    const wrong = await connectTls(port, `${authority}, tls-server-name: other.test`);
    await expect(wrong.request(version, signal())).rejects.toThrow("its certificate is for another name");
  });

  it("skips the check where the kubeconfig says so", async () => {
    const server = createHttpsServer(certificate("b"), (_request, response) => void response.end("{}"));
    const api = await connectTls(await listen(server), "insecure-skip-tls-verify: true");
    expect((await api.request(version, signal())).status).toBe(200);
  });

  it("tells a plain server from a TLS one", async () => {
    const port = await listen(createHttpServer());
    const api = await connectTls(port, "insecure-skip-tls-verify: true");
    await expect(api.request(version, signal())).rejects.toThrow("it does not speak TLS");
  });
});
