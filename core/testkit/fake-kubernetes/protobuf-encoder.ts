/**
 * Writes objects as the protobuf that a real server would send: an object as JSON has it and its shape in, bytes out.
 * What the shape does not name is left out. Called by wire.ts.
 */
import { isRecord } from "./object.ts";

/** By the field's name in JSON. */
export type Shape = Readonly<Record<string, FieldShape>>;

/** `at`: the field's number; several where Go embeds a message that JSON does not show. */
export interface FieldShape {
  readonly at: readonly number[];
  /** Texts, numbers and booleans have none; lists that of their entries. */
  readonly as?: Shape | "time" | "map" | "quantities";
}

const magic = Buffer.from("k8s\0");
const lengthBytes = 4;

export function encode(object: unknown, shape: Shape): Buffer {
  if (!isRecord(object)) return Buffer.alloc(0);
  const fields = Object.entries(shape).flatMap(([name, field]) => {
    const value = object[name];
    const values = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
    return values.flatMap((each) => encodeField(each, field));
  });
  return Buffer.concat(fields);
}

/** What stands around each object: its type, and that it is Kubernetes' protobuf. */
export function envelope(kind: string, apiVersion: string, raw: Buffer): Buffer {
  const type = Buffer.concat([textField(1, apiVersion), textField(2, kind)]);
  return Buffer.concat([magic, bytesField(1, type), bytesField(2, raw), textField(3, ""), textField(4, "")]);
}

/** An event of a watch, behind its length. */
export function frame(type: string, object: Buffer): Buffer {
  const event = Buffer.concat([textField(1, type), bytesField(2, bytesField(1, object))]);
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

export function bytesField(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

function encodeField(value: unknown, { at, as }: FieldShape): Buffer {
  const [outer = 0, ...inner] = at;
  if (inner.length > 0) {
    return bytesField(outer, encodeField(value, as === undefined ? { at: inner } : { at: inner, as }));
  }
  if (as === "map" || as === "quantities")
    return Buffer.concat(entries(value, as).map((entry) => bytesField(outer, entry)));
  if (as === "time") return bytesField(outer, numberField(1, Date.parse(String(value)) / 1000));
  if (as !== undefined) return bytesField(outer, encode(value, as));
  if (typeof value === "string") return textField(outer, value);
  return numberField(outer, Number(value));
}

function entries(value: unknown, as: "map" | "quantities"): Buffer[] {
  return Object.entries(isRecord(value) ? value : {}).map(([key, entry]) => {
    const text = textField(1, String(entry));
    return Buffer.concat([textField(1, key), as === "map" ? textField(2, String(entry)) : bytesField(2, text)]);
  });
}

function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text));
}

function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
  bytes.push(rest);
  return Buffer.from(bytes);
}
