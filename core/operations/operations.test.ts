import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { PrometheusMetrics } from "./metrics.ts";
import { OperationsServer } from "./server.ts";

describe("metrics", () => {
  it("keep a counter's name that does not end in _total", async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter({ name: "packet_drops_count", help: "h", labels: ["src", "dst"] }).add({ src: "a", dst: "b" }, 3);
    expect(await metrics.text()).toContain('packet_drops_count{src="a",dst="b"} 3');
  });

  it("give the same counter to two who ask, and refuse another shape", async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter({ name: "x_total", help: "h" }).add({});
    metrics.counter({ name: "x_total", help: "h" }).series({}).add(2);
    expect(await metrics.text()).toContain("x_total 3");
    expect(() => metrics.gauge({ name: "x_total", help: "h" })).toThrow("already a counter");
    expect(() => metrics.counter({ name: "x_total", help: "h", labels: ["a"] })).toThrow("already a counter");
  });

  it("forget a series that was removed", async () => {
    const metrics = new PrometheusMetrics();
    const gauge = metrics.gauge({ name: "g", help: "h", labels: ["pod"] });
    gauge.set({ pod: "a" }, 1);
    gauge.set({ pod: "b" }, 2);
    gauge.remove({ pod: "a" });
    const text = await metrics.text();
    expect(text).toContain('g{pod="b"} 2');
    expect(text).not.toContain('pod="a"');
  });

  it("escape what a stranger put into a label", async () => {
    const metrics = new PrometheusMetrics();
    metrics.counter({ name: "c_total", help: "h", labels: ["l"] }).add({ l: 'x"} 1\nevil_total 9' });
    expect((await metrics.text()).split("\n").some((line) => line.startsWith("evil_total"))).toBe(false);
  });
});

describe("operations server", () => {
  const server = new OperationsServer();
  afterEach(() => server.stop());

  it("answers every page, with reasons where it is not ready", async () => {
    let problems = ["sink-x: no right"];
    const pages = {
      metrics: async () => ({ contentType: "text/plain", text: "up 1\n" }),
      problems: () => problems,
      status: () => ({ phase: "running" }),
    };
    const port = await server.start(pages, { host: "127.0.0.1", port: 0 });
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };
    expect(await get("/metrics")).toEqual({ status: 200, text: "up 1\n" });
    expect(await get("/healthz")).toEqual({ status: 200, text: "ok\n" });
    expect(await get("/readyz")).toEqual({ status: 503, text: "not ready:\n- sink-x: no right\n" });
    problems = [];
    expect((await get("/readyz")).status).toBe(200);
    expect(JSON.parse((await get("/status")).text)).toEqual({ phase: "running" });
    expect((await get("/nothing")).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" })).status).toBe(405);
  });
});

describe("a crowd at the operations server", () => {
  const server = new OperationsServer();
  afterEach(() => server.stop());

  it("makes a page that takes long once for all who ask meanwhile", async () => {
    let made = 0;
    const metrics = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { contentType: "text/plain", text: `made ${++made}\n` };
    };
    const port = await server.start(
      { metrics, problems: () => [], status: () => ({}) },
      { host: "127.0.0.1", port: 0 },
    );
    const ask = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set(["made 1\n"]));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await ask()).toBe("made 2\n");
  });

  it("gives one address no more than 50 connections", async () => {
    const pages = { metrics: async () => ({ contentType: "", text: "" }), problems: () => [], status: () => ({}) };
    const port = await server.start(pages, { host: "127.0.0.1", port: 0 });
    let closed = 0;
    const crowd = Array.from({ length: 60 }, () => connect({ port, host: "127.0.0.1" }));
    const refused = new Promise<void>((resolve) => {
      for (const socket of crowd) socket.once("close", () => ++closed === 10 && resolve()).on("error", () => undefined);
    });
    await refused;
    for (const socket of crowd) socket.destroy();

    expect(closed).toBe(10);
  });
});

describe("a port in use", () => {
  it("is told with what to do", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const pages = { metrics: async () => ({ contentType: "", text: "" }), problems: () => [], status: () => ({}) };
    await expect(new OperationsServer().start(pages, { host: "127.0.0.1", port })).rejects.toThrow(
      /EADDRINUSE.*METRICS_SERVER_PORT/,
    );
    other.close();
  });
});
