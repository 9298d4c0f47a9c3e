/**
 * The forms of an answer: JSON, the tables that kubectl asks for, and for pods protobuf, where the client takes it. In
 * come objects as the store keeps them, out come the pieces of an answer's body. Used by the router and the watches.
 */
import { listJson, type Page } from "./list.ts";
import { bytesField, encode, envelope, frame } from "./protobuf-encoder.ts";
import type { Resource } from "./resource.ts";
import { listMetadataShape, podShape, statusShape } from "./shapes.ts";
import { type StoredObject, wholeJson } from "./store.ts";
import { rowJson, tableJson, wantsTable } from "./table.ts";

export interface Wire {
  readonly contentType: string;
  /** Of a watch. */
  readonly streamType: string;
  list(page: Page): Iterable<string | Buffer>;
  event(type: string, object: StoredObject): string | Buffer;
  /** An event whose object is not stored: a BOOKMARK's or an ERROR's, as JSON. */
  mark(type: string, json: string): string | Buffer;
  status(body: object): string | Buffer;
}

const protobufType = "application/vnd.kubernetes.protobuf";

/** What the header asks for first, of what the fake has. kubectl takes protobuf too, and gets JSON but for pods. */
export function wireOf(accept: string | undefined, resource: Resource): Wire {
  if (wantsTable(accept)) return tables(resource);
  const takesProtobuf = accept?.trimStart().startsWith(protobufType) ?? false;
  return takesProtobuf && resource.kind === "Pod" ? protobuf : json(resource);
}

function json(resource: Resource): Wire {
  const mark = (type: string, object: string) => `{"type":"${type}","object":${object}}\n`;
  return {
    contentType: "application/json",
    streamType: "application/json",
    list: (page) => listJson(resource, page),
    event: (type, object) => mark(type, wholeJson(resource, object)),
    mark,
    status: (body) => JSON.stringify(body),
  };
}

function tables(resource: Resource): Wire {
  const plain = json(resource);
  return {
    ...plain,
    list: (page) => [tableJson(resource, page)],
    event: (type, object) => plain.mark(type, rowJson(resource, object)),
  };
}

const protobuf: Wire = {
  contentType: protobufType,
  streamType: `${protobufType};stream=watch`,
  *list(page) {
    const metadata = {
      resourceVersion: String(page.resourceVersion),
      ...(page.continueToken !== "" && { continue: page.continueToken, remainingItemCount: page.remaining }),
    };
    const items = page.items.map((item) => bytesField(2, podOf(item)));
    yield envelope("PodList", "v1", Buffer.concat([bytesField(1, encode(metadata, listMetadataShape)), ...items]));
  },
  event: (type, object) => frame(type, envelope("Pod", "v1", podOf(object))),
  mark: (type, json) =>
    frame(
      type,
      type === "ERROR" ? status(JSON.parse(json)) : envelope("Pod", "v1", encode(JSON.parse(json), podShape)),
    ),
  status,
};

/** The real server keeps what it has encoded, too. */
const encodedPods = new WeakMap<StoredObject, Buffer>();

function podOf(object: StoredObject): Buffer {
  const known = encodedPods.get(object);
  if (known !== undefined) return known;
  const bytes = encode(JSON.parse(object.json), podShape);
  encodedPods.set(object, bytes);
  return bytes;
}

function status(body: object): Buffer {
  return envelope("Status", "v1", encode(body, statusShape));
}
