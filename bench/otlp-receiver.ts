/**
 * Takes OTLP over HTTP and throws it away: stands for a Collector where OTELCOL names none. Prints {"url"}.
 *
 *   node bench/otlp-receiver.ts
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
});
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
process.once("SIGTERM", () => {
  server.closeAllConnections();
  server.close();
});
