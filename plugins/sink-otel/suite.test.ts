import { describe, it } from "vitest";
import { GrpcReceiver } from "../../core/otlp/testdata/grpc-receiver.ts";
import type { SeenPoint, SeenRecord } from "../../core/otlp/testdata/otlp-message.ts";
import { OtlpReceiver } from "../../core/otlp/testdata/otlp-receiver.ts";
import { sinkChecks } from "../../core/testkit/sink-checks.ts";
import { sinkOtel } from "./index.ts";

const moods = ["unavailable", "refusing", "silent"] as const;
const inRecords = (records: readonly SeenRecord[]) =>
  records.reduce((sum, { attributes }) => sum + Number(attributes["droplens.drop.count"]), 0);

/** The last value of each series. */
function inPoints(points: readonly SeenPoint[]): number {
  const last = new Map(points.map(({ attributes, value }) => [JSON.stringify(attributes), value]));
  return [...last.values()].reduce((sum, value) => sum + value, 0);
}

describe.each(["http/protobuf", "http/json"] as const)("logs over %s", (protocol) => {
  for (const { name, run } of sinkChecks({ definition: sinkOtel, startPartner: () => overHttp({ protocol }), moods })) {
    it(name, run);
  }
});

describe("metrics alone", () => {
  const startPartner = () => overHttp({ logs: false });
  for (const { name, run } of sinkChecks({ definition: sinkOtel, startPartner, moods })) it(name, run);
});

describe("logs over grpc", () => {
  for (const { name, run } of sinkChecks({ definition: sinkOtel, startPartner: overGrpc, moods })) it(name, run);
});

async function overHttp(options: Readonly<Record<string, unknown>>) {
  const receiver = await new OtlpReceiver().listen();
  const answers = { well: {}, unavailable: { status: 503 }, refusing: { status: 400 }, silent: { silent: true } };
  return {
    options: { endpoint: receiver.url, ...options },
    become: (mood: keyof typeof answers) => {
      receiver.answer = () => answers[mood];
    },
    storedPackets: () => (options.logs === false ? inPoints(receiver.points) : inRecords(receiver.records)),
    stop: () => receiver.close(),
  };
}

async function overGrpc() {
  const receiver = await new GrpcReceiver().listen();
  const answers = { well: {}, unavailable: { code: 14 }, refusing: { code: 3 }, silent: { silent: true } };
  return {
    options: { endpoint: receiver.url, protocol: "grpc" },
    become: (mood: keyof typeof answers) => {
      receiver.answer = () => answers[mood];
    },
    storedPackets: () => inRecords(receiver.records),
    stop: () => receiver.close(),
  };
}
