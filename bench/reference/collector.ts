/**
 * What one would use instead: the OpenTelemetry Collector (OTELCOL) with the filelog receiver, a filter for the prefix
 * and one regex for the fields. Its debug exporter says how many records came out; the run is over when all have.
 */
import { loadPrefix } from "../load.ts";
import type { Cost } from "../row.ts";
import type { LoadFile, Stage } from "../stage.ts";

const regex =
  `^(?P<time>\\S+) (?P<host>\\S+) kernel: .*?${loadPrefix} .*SRC=(?P<src>\\S+) DST=(?P<dst>\\S+) ` +
  ".*PROTO=(?P<proto>\\S+) SPT=(?P<spt>\\d+) DPT=(?P<dpt>\\d+)";

export async function runCollector(stage: Stage, program: string, { path, drops }: LoadFile): Promise<Cost> {
  const config = {
    receivers: {
      filelog: {
        include: [path],
        start_at: "beginning",
        operators: [
          { type: "filter", expr: `not (body contains "${loadPrefix}")` },
          {
            type: "regex_parser",
            regex,
            timestamp: {
              parse_from: "attributes.time",
              layout_type: "gotime",
              layout: "2006-01-02T15:04:05.999999Z07:00",
            },
          },
        ],
      },
    },
    exporters: { debug: { verbosity: "basic", sampling_initial: 1_000_000_000 } },
    service: {
      telemetry: { metrics: { level: "none" }, logs: { sampling: { enabled: false } } },
      pipelines: { logs: { receivers: ["filelog"], exporters: ["debug"] } },
    },
  };
  let records = 0;
  const onLine = (line: string) => {
    records += Number(/"log records": ?(\d+)/.exec(line)?.[1] ?? 0);
  };
  const daemon = stage.start([program, "--config", stage.write("otelcol.yaml", config)], { onLine });
  await daemon.until(`${drops} records`, async () => records >= drops, { signal: stage.signal, limitSeconds: 180 });
  const cost = daemon.cost();
  await daemon.stop();
  return cost;
}
