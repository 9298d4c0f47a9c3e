/**
 * Decodes OTLP requests for tests: protobuf by a table of field numbers, or JSON, to one shape. Bytes in, records and
 * points out. The tables follow opentelemetry/proto/{logs,metrics,common,resource}/v1.
 */
export type Value = string | number | boolean | readonly Value[];
export type Attributes = Readonly<Record<string, Value>>;

export interface SeenRecord {
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string | undefined;
  readonly eventName: string;
  readonly body: Value;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: Attributes };
}

export interface SeenPoint {
  readonly metric: string;
  readonly unit: string;
  /** 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly monotonic: boolean;
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  /** Of a histogram: how many values. */
  readonly value: number;
  readonly histogram?: SeenHistogram | undefined;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

export interface SeenHistogram {
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

type Kind = "text" | "int" | "signed" | "fixed64" | "double" | "bool" | "bytes" | "fixed64s" | "doubles";
type Field = { readonly name: string; readonly kind?: Kind; readonly of?: () => Table; readonly many?: boolean };
type Table = Readonly<Record<number, Field>>;
type Message = { readonly [name: string]: unknown };

const keyValue = (): Table => ({ 1: { name: "key", kind: "text" }, 2: { name: "value", of: anyValue } });
const anyValue = (): Table => ({
  1: { name: "stringValue", kind: "text" },
  2: { name: "boolValue", kind: "bool" },
  3: { name: "intValue", kind: "signed" },
  4: { name: "doubleValue", kind: "double" },
  5: { name: "arrayValue", of: () => ({ 1: { name: "values", of: anyValue, many: true } }) },
});
const resource = (): Table => ({ 1: { name: "attributes", of: keyValue, many: true } });
const scope = (): Table => ({
  1: { name: "name", kind: "text" },
  2: { name: "version", kind: "text" },
  3: { name: "attributes", of: keyValue, many: true },
});
const logRecord = (): Table => ({
  1: { name: "timeUnixNano", kind: "fixed64" },
  2: { name: "severityNumber", kind: "int" },
  3: { name: "severityText", kind: "text" },
  5: { name: "body", of: anyValue },
  6: { name: "attributes", of: keyValue, many: true },
  11: { name: "observedTimeUnixNano", kind: "fixed64" },
  12: { name: "eventName", kind: "text" },
});
const point = (): Table => ({
  2: { name: "startTimeUnixNano", kind: "fixed64" },
  3: { name: "timeUnixNano", kind: "fixed64" },
  4: { name: "asDouble", kind: "double" },
  6: { name: "asInt", kind: "fixed64" },
  7: { name: "attributes", of: keyValue, many: true },
});
const histogramPoint = (): Table => ({
  2: { name: "startTimeUnixNano", kind: "fixed64" },
  3: { name: "timeUnixNano", kind: "fixed64" },
  4: { name: "count", kind: "fixed64" },
  5: { name: "sum", kind: "double" },
  6: { name: "bucketCounts", kind: "fixed64s" },
  7: { name: "explicitBounds", kind: "doubles" },
  9: { name: "attributes", of: keyValue, many: true },
});
const sum = (): Table => ({
  1: { name: "dataPoints", of: point, many: true },
  2: { name: "aggregationTemporality", kind: "int" },
  3: { name: "isMonotonic", kind: "bool" },
});
const gauge = (): Table => ({ 1: { name: "dataPoints", of: point, many: true } });
const histogram = (): Table => ({
  1: { name: "dataPoints", of: histogramPoint, many: true },
  2: { name: "aggregationTemporality", kind: "int" },
});
const metric = (): Table => ({
  1: { name: "name", kind: "text" },
  3: { name: "unit", kind: "text" },
  5: { name: "gauge", of: gauge },
  7: { name: "sum", of: sum },
  9: { name: "histogram", of: histogram },
});
const inScopes = (name: string, items: Field): Table => ({
  1: { name: "resource", of: resource },
  2: { name, many: true, of: () => ({ 1: { name: "scope", of: scope }, 2: items }) },
});
const requests = {
  logs: (): Table => ({
    1: {
      name: "resourceLogs",
      many: true,
      of: () => inScopes("scopeLogs", { name: "logRecords", of: logRecord, many: true }),
    },
  }),
  metrics: (): Table => ({
    1: {
      name: "resourceMetrics",
      many: true,
      of: () => inScopes("scopeMetrics", { name: "metrics", of: metric, many: true }),
    },
  }),
};

export function readMessage(signal: "logs" | "metrics", bytes: Buffer, json: boolean): Message {
  return json ? JSON.parse(bytes.toString()) : decode(bytes, requests[signal]());
}

export function recordsIn(message: Message): SeenRecord[] {
  return list(message.resourceLogs).flatMap((group) =>
    list(group.scopeLogs).flatMap((part) =>
      list(part.logRecords).map((record) => ({
        timeUnixNano: String(record.timeUnixNano),
        observedTimeUnixNano: String(record.observedTimeUnixNano),
        severityNumber: Number(record.severityNumber),
        severityText: record.severityText as string | undefined,
        eventName: String(record.eventName),
        body: plain(object(record.body)),
        attributes: attributesOf(record),
        resource: attributesOf(object(group.resource)),
        scope: { ...nameAndVersion(object(part.scope)), attributes: attributesOf(object(part.scope)) },
      })),
    ),
  );
}

export function pointsIn(message: Message): SeenPoint[] {
  return list(message.resourceMetrics).flatMap((group) =>
    list(group.scopeMetrics).flatMap((part) =>
      list(part.metrics).flatMap((one) => {
        const data = object(one.sum ?? one.gauge ?? one.histogram);
        return list(data.dataPoints).map((dataPoint) => ({
          metric: String(one.name),
          unit: String(one.unit),
          temporality: Number(data.aggregationTemporality),
          monotonic: data.isMonotonic === true,
          startTimeUnixNano: String(dataPoint.startTimeUnixNano),
          timeUnixNano: String(dataPoint.timeUnixNano),
          value: Number(dataPoint.asInt ?? dataPoint.asDouble ?? dataPoint.count),
          histogram: one.histogram === undefined ? undefined : histogramOf(dataPoint),
          attributes: attributesOf(dataPoint),
          resource: attributesOf(object(group.resource)),
        }));
      }),
    ),
  );
}

function histogramOf({ sum: total, explicitBounds = [], bucketCounts = [] }: Message): SeenHistogram {
  return {
    sum: Number(total),
    bounds: (explicitBounds as unknown[]).map(Number),
    counts: (bucketCounts as unknown[]).map(Number),
  };
}

function nameAndVersion({ name, version }: Message): { name: string; version: string } {
  return { name: String(name), version: String(version) };
}

function attributesOf(message: Message): Attributes {
  return Object.fromEntries(list(message.attributes).map(({ key, value }) => [String(key), plain(object(value))]));
}

function plain(value: Message): Value {
  if (value.arrayValue !== undefined) return list(object(value.arrayValue).values).map(plain);
  const [kind, one] = Object.entries(value)[0] ?? ["stringValue", ""];
  return kind === "intValue" ? Number(one) : (one as Value);
}

const list = (value: unknown): Message[] => (Array.isArray(value) ? value : []);
const object = (value: unknown): Message => (typeof value === "object" && value !== null ? (value as Message) : {});

function decode(bytes: Buffer, table: Table): Message {
  const message: Record<string, unknown> = {};
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const raw = [varint, () => take(8), () => take(Number(varint())), undefined, undefined, () => take(4)][tag & 7]?.();
    const field = table[tag >> 3];
    if (raw === undefined) throw new Error(`wire type ${tag & 7}`);
    if (field === undefined) continue;
    const value = field.of === undefined ? scalar(raw, field.kind ?? "int") : decode(raw as Buffer, field.of());
    if (field.many) message[field.name] = [...list(message[field.name]), value];
    else message[field.name] = value;
  }
  return message;
}

function scalar(raw: bigint | Buffer, kind: Kind): unknown {
  if (typeof raw === "bigint") {
    if (kind === "bool") return raw === 1n;
    return kind === "signed" ? BigInt.asIntN(64, raw).toString() : Number(raw);
  }
  if (kind === "fixed64s") return eights(raw).map((part) => Number(part.readBigUInt64LE()));
  if (kind === "doubles") return eights(raw).map((part) => part.readDoubleLE());
  if (kind === "double") return raw.readDoubleLE();
  if (kind === "fixed64") return raw.readBigUInt64LE().toString();
  return kind === "text" ? raw.toString("utf8") : raw;
}

function eights(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.subarray(i * 8, i * 8 + 8));
}
