/**
 * Reads the protobuf that kubectl sends for `auth can-i` and `create namespace`, whatever a server says it accepts:
 * in come bytes that begin with "k8s\0", out comes the same object as JSON would give. Other kinds are refused.
 */
import { badRequest } from "./refusal.ts";

export const protobufMagic = "k8s\0";

/** Field number → name and, for a message, its own fields. From the .proto files of k8s.io/api. */
type Message = Readonly<Record<number, readonly [name: string, message?: Message | "map"]>>;

const metadata: Message = {
  1: ["name"],
  2: ["generateName"],
  3: ["namespace"],
  11: ["labels", "map"],
  12: ["annotations", "map"],
};
const attributes: Message = {
  1: ["namespace"],
  2: ["verb"],
  3: ["group"],
  4: ["version"],
  5: ["resource"],
  6: ["subresource"],
  7: ["name"],
};
const kinds: Readonly<Record<string, Message>> = {
  Namespace: { 1: ["metadata", metadata] },
  SelfSubjectAccessReview: {
    1: ["metadata", metadata],
    2: ["spec", { 1: ["resourceAttributes", attributes], 2: ["nonResourceAttributes", { 1: ["path"], 2: ["verb"] }] }],
  },
  SelfSubjectRulesReview: { 1: ["metadata", metadata], 2: ["spec", { 1: ["namespace"] }] },
};

export function decodeProtobuf(bytes: Buffer): unknown {
  let kind = "";
  let apiVersion = "";
  let raw: Buffer = Buffer.alloc(0);
  for (const [field, value] of fields(bytes.subarray(protobufMagic.length))) {
    if (field === 2) raw = value;
    if (field !== 1) continue;
    for (const [part, text] of fields(value)) {
      if (part === 1) apiVersion = text.toString();
      if (part === 2) kind = text.toString();
    }
  }
  const message = kinds[kind];
  if (message === undefined) throw badRequest(`the fake Kubernetes reads no protobuf of kind ${kind}: send JSON`);
  return { apiVersion, kind, ...decode(raw, message) };
}

function decode(bytes: Buffer, message: Message): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const maps: Record<string, Record<string, string>> = {};
  for (const [number, value] of fields(bytes)) {
    const [name, inner] = message[number] ?? [];
    if (name === undefined) continue;
    if (inner === "map") {
      const entry = new Map([...fields(value)].map(([field, text]) => [field, text.toString()]));
      maps[name] ??= {};
      maps[name][entry.get(1) ?? ""] = entry.get(2) ?? "";
    } else if (inner !== undefined) object[name] = decode(value, inner);
    else if (value.length > 0) object[name] = value.toString();
  }
  return { ...object, ...maps };
}

/** The length-delimited fields; numbers are skipped, none of them is needed. */
function* fields(bytes: Buffer): Generator<[number: number, value: Buffer]> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; at < bytes.length; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw badRequest("the protobuf ends too early");
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      yield [Math.floor(tag / 8), bytes.subarray(at, at + length)];
      at += length;
    } else throw badRequest(`the protobuf has a field of wire type ${wireType}`);
  }
}
