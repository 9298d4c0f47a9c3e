/**
 * Reads the few protobuf messages that come with a refusal: google.rpc.Status and its RetryInfo. Bytes of a stranger in;
 * undefined where they are no such message. Called by the transports.
 */

export interface RpcStatus {
  readonly message: string;
  /** What the server asks to wait. */
  readonly retryMillis: number | undefined;
}

type Field = { readonly number: number; readonly value: bigint | Uint8Array };

/** google/rpc/status.proto: 1 code, 2 message, 3 details, each an Any: 1 type_url, 2 value. */
export function readRpcStatus(bytes: Uint8Array): RpcStatus | undefined {
  try {
    const fields = readFields(bytes);
    const details = fields.filter((field) => field.number === 3);
    return { message: text(fields.find((field) => field.number === 2)), retryMillis: retryMillis(details) };
  } catch {
    return undefined;
  }
}

/** google/rpc/error_details.proto, RetryInfo: 1 retry_delay, a Duration: 1 seconds, 2 nanos. */
function retryMillis(details: readonly Field[]): number | undefined {
  for (const detail of details) {
    const any = readFields(bytesOf(detail));
    if (text(any.find(({ number }) => number === 1)) !== "type.googleapis.com/google.rpc.RetryInfo") continue;
    const delay = readFields(bytesOf(readFields(bytesOf(any.find(({ number }) => number === 2)))[0]));
    const part = (number: number) =>
      BigInt.asIntN(64, BigInt(numberOf(delay.find((field) => field.number === number))));
    return Math.max(0, Number(part(1)) * 1000 + Number(part(2)) / 1e6);
  }
  return undefined;
}

function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    const body = readValue(bytes, tag.end, Number(tag.value & 7n));
    fields.push({ number: Number(tag.value >> 3n), value: body.value });
    at = body.end;
  }
  return fields;
}

function readValue(bytes: Uint8Array, at: number, wireType: number): { value: bigint | Uint8Array; end: number } {
  if (wireType === 0) return readVarint(bytes, at);
  const start = wireType === 2 ? readVarint(bytes, at) : { value: wireType === 1 ? 8n : 4n, end: at };
  const end = start.end + Number(start.value);
  if (![1, 2, 5].includes(wireType) || end > bytes.length) throw new RangeError("no protobuf message");
  return { value: bytes.subarray(start.end, end), end };
}

function readVarint(bytes: Uint8Array, at: number): { value: bigint; end: number } {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return { value, end: at + i + 1 };
  }
  throw new RangeError("no protobuf message");
}

function bytesOf(field: Field | undefined): Uint8Array {
  return field?.value instanceof Uint8Array ? field.value : new Uint8Array();
}

function numberOf(field: Field | undefined): bigint {
  return typeof field?.value === "bigint" ? field.value : 0n;
}

function text(field: Field | undefined): string {
  return Buffer.from(bytesOf(field)).toString("utf8");
}
