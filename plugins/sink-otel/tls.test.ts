/** Certificates: see README.md of core/kubernetes/testdata. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { GrpcReceiver } from "../../core/otlp/testdata/grpc-receiver.ts";
import { OtlpReceiver } from "../../core/otlp/testdata/otlp-receiver.ts";
import { dropReport } from "../../core/testkit/drops.ts";
import { makeSink, never, rejection, startSink, stopSinks } from "./testdata/sink-under-test.ts";

const path = (name: string) => join(import.meta.dirname, "../../core/kubernetes/testdata", name);
const pem = (name: string) => readFileSync(path(name));
const clientFiles = { certFile: path("client.crt"), keyFile: path("client.key") };
const servers: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await stopSinks();
  for (const server of servers.splice(0)) await server.close();
});

async function overHttps({ requestCert = false, host = "127.0.0.1" } = {}): Promise<OtlpReceiver> {
  const pair = { cert: pem("server-a.crt"), key: pem("server-a.key") };
  const receiver = new OtlpReceiver({ ...pair, ca: pem("ca-a.crt"), requestCert }, host);
  servers.push(receiver);
  return await receiver.listen();
}

async function overGrpcs(): Promise<GrpcReceiver> {
  const pair = { cert_chain: pem("server-a.crt"), private_key: pem("server-a.key") };
  const receiver = new GrpcReceiver(ServerCredentials.createSsl(pem("ca-a.crt"), [pair], true));
  servers.push(receiver);
  return await receiver.listen();
}

test("https with the authority's and a client's certificate", async () => {
  const receiver = await overHttps({ requestCert: true });
  const { sink } = await startSink({ endpoint: receiver.url, tls: { caFile: path("ca-a.crt"), ...clientFiles } });
  await sink.deliver([dropReport()], never);
  expect(receiver.records).toHaveLength(1);
});

test("grpc with the authority's and a client's certificate, endpoint without scheme", async () => {
  const receiver = await overGrpcs();
  const endpoint = `127.0.0.1:${receiver.port}`;
  const { sink } = await startSink({ endpoint, protocol: "grpc", tls: { caFile: path("ca-a.crt"), ...clientFiles } });
  await sink.deliver([dropReport()], never);
  expect(receiver.records).toHaveLength(1);
});

test.each([
  { name: "of another authority", tls: { caFile: path("ca-b.crt") }, says: "name that one as tls.caFile" },
  { name: "of an authority that nobody knows", tls: {}, says: "name that one as tls.caFile" },
])("https: a certificate $name comes again, with what to do", async ({ tls, says }) => {
  const receiver = await overHttps();
  const { sink } = await startSink({ endpoint: receiver.url, tls, metrics: false });
  const error = await rejection(sink.deliver([dropReport()], never));
  expect(error).toMatchObject({ retryable: true });
  expect(error.message).toContain(says);
  expect(error.message).toContain(`${receiver.url}/v1/logs`);
});

test("https: a certificate for another name comes again, with what to do", async () => {
  const receiver = await overHttps({ host: "127.0.0.2" });
  const { sink } = makeSink({ endpoint: receiver.url, tls: { caFile: path("ca-a.crt") }, metrics: false });
  const [finding] = await sink.check(never);
  expect(finding?.problem).toContain(
    "its certificate is for another name: write the endpoint with a name of the certificate",
  );
  expect(finding?.problem).toContain("127.0.0.2 is not in the cert's list");
});

test("grpc: a certificate of another authority comes again, with what to do", async () => {
  const receiver = await overGrpcs();
  const endpoint = `127.0.0.1:${receiver.port}`;
  const { sink } = await startSink({ endpoint, protocol: "grpc", tls: { caFile: path("ca-b.crt"), ...clientFiles } });
  const error = await rejection(sink.deliver([dropReport()], never));
  expect(error).toMatchObject({ retryable: true });
  expect(error.message).toContain("tls.caFile");
});

test("https to a plain server", async () => {
  const plain = await new OtlpReceiver().listen();
  servers.push(plain);
  const { sink } = await startSink({ endpoint: plain.url.replace("http:", "https:"), metrics: false });
  expect((await rejection(sink.deliver([dropReport()], never))).message).toContain(
    "write http:// if it is meant to be plain",
  );
});

test("http to a TLS server, one that hangs up and one that says so as Go's does", async () => {
  const receiver = await overHttps();
  const { sink } = await startSink({ endpoint: receiver.url.replace("https:", "http:"), metrics: false });
  expect(await rejection(sink.deliver([dropReport()], never))).toMatchObject({ retryable: true });
  const go = await new OtlpReceiver().listen();
  servers.push(go);
  const headers = { "content-type": "text/plain; charset=utf-8" };
  go.answer = () => ({ status: 400, headers, body: "Client sent an HTTP request to an HTTPS server.\n" });
  const other = await startSink({ endpoint: go.url, metrics: false });
  const error = await rejection(other.sink.deliver([dropReport()], never));
  expect(error).toMatchObject({ retryable: true });
  expect(error.message).toContain("it is a TLS server: write https://");
});

test("grpc to servers that do not speak it so: TLS, HTTP/1.1", async () => {
  const tls = await overGrpcs();
  const plain = await new OtlpReceiver().listen();
  servers.push(plain);
  for (const [port, says] of [
    [tls.port, "write https:// if it is a TLS server"],
    [plain.port, "write protocol: http/protobuf, or its port for gRPC"],
  ] as const) {
    const endpoint = `http://127.0.0.1:${port}`;
    const { sink } = await startSink({ endpoint, protocol: "grpc", metrics: false });
    const error = await rejection(sink.deliver([dropReport()], never));
    expect(error).toMatchObject({ retryable: true });
    expect(error.message).toContain(says);
  }
});

test.each([
  { tls: { caFile: "/nowhere/ca.pem" }, says: "tls.caFile: cannot use /nowhere/ca.pem: ENOENT" },
  { tls: { caFile: path("README.md") }, says: "it has to be a readable PEM file" },
  { tls: { certFile: path("server-b.crt"), keyFile: path("client.key") }, says: "is not the key of the certificate" },
])("the start refuses $tls, check tells it", async ({ tls, says }) => {
  const { sink } = makeSink({ endpoint: "https://127.0.0.1:1", tls, metrics: false });
  expect((await rejection(sink.start(never))).message).toContain(says);
  expect((await sink.check(never))[0]?.problem).toContain(says);
});
