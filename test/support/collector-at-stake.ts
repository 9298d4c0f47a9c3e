/** The Collector of a trial, real or a stand-in: started, killed, and asked in the end what it has stored, by flow. */
import { OtlpReceiver } from "../../core/otlp/testdata/otlp-receiver.ts";
import { attributesOf, Collector } from "../system/otel-collector.ts";
import type { PacketCounts } from "./flow-load.ts";

export interface CollectorAtStake {
  /** Known before it is started. */
  readonly port: number;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** To be asked when it has been killed. */
  packetCounts(): Promise<PacketCounts>;
}

type Finish = (clean: () => Promise<void>) => void;

export type Protocol = "http/protobuf" | "grpc";

export async function realCollector(
  folder: string,
  finish: Finish,
  protocol: Protocol = "http/protobuf",
): Promise<CollectorAtStake> {
  const collector = await Collector.make(folder);
  finish(() => collector.kill());
  return {
    port: protocol === "grpc" ? collector.grpcPort : collector.httpPort,
    start: () => collector.start(),
    kill: () => collector.kill(),
    packetCounts: async () => sumByFlow((await collector.records()).map(attributesOf)),
  };
}

export async function standInCollector(
  finish: Finish,
): Promise<CollectorAtStake & { readonly receiver: OtlpReceiver }> {
  const receiver = await new OtlpReceiver().listen();
  finish(() => receiver.close());
  await receiver.close();
  return {
    receiver,
    port: receiver.port,
    start: async () => void (await receiver.listen()),
    kill: () => receiver.close(),
    packetCounts: async () => sumByFlow(receiver.records.map((record) => record.attributes)),
  };
}

function sumByFlow(records: readonly Readonly<Record<string, unknown>>[]): PacketCounts {
  const counts = new Map<string, number>();
  for (const record of records) {
    const flow = `${record["source.address"]}:${record["destination.port"]}`;
    counts.set(flow, (counts.get(flow) ?? 0) + Number(record["droplens.drop.count"]));
  }
  return counts;
}
