/**
 * The two forms of an answer: JSON, and for pods protobuf, where the client takes it. In come JSON texts as the store
 * keeps them, out come the pieces of an answer's body. Used by the router, the watches and for refusals.
 */
import { listJson, type Page } from "./list.ts";
import { bytesField, encode, envelope, frame } from "./protobuf-encoder.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { listMetadataShape, podShape, statusShape } from "./shapes.ts";

export interface Wire {
  readonly contentType: string;
  /** Of a watch. */
  readonly streamType: string;
  list(resource: Resource, page: Page): Iterable<string | Buffer>;
  /** `json`: the object's; of an ERROR it is a Status. */
  event(type: string, json: string): string | Buffer;
  status(body: object): string | Buffer;
}

const protobufType = "application/vnd.kubernetes.protobuf";

/** What the header asks for first, of what the fake has. kubectl takes protobuf too, and gets JSON but for pods. */
export function wireOf(accept: string | undefined, resource?: Resource): Wire {
  const takesProtobuf = accept?.trimStart().startsWith(protobufType) ?? false;
  return takesProtobuf && resource?.kind === "Pod" ? protobuf : json;
}

const json: Wire = {
  contentType: "application/json",
  streamType: "application/json",
  list: listJson,
  event: (type, object) => `{"type":"${type}","object":${object}}\n`,
  status: (body) => JSON.stringify(body),
};

const protobuf: Wire = {
  contentType: protobufType,
  streamType: `${protobufType};stream=watch`,
  *list(resource, page) {
    const metadata = {
      resourceVersion: String(page.resourceVersion),
      ...(page.continueToken !== "" && { continue: page.continueToken, remainingItemCount: page.remaining }),
    };
    const items = page.items.map((item) => bytesField(2, encode(JSON.parse(item.json), podShape)));
    const raw = Buffer.concat([bytesField(1, encode(metadata, listMetadataShape)), ...items]);
    yield envelope(`${resource.kind}List`, apiVersionOf(resource), raw);
  },
  event: (type, object) => frame(type, type === "ERROR" ? status(JSON.parse(object)) : pod(JSON.parse(object))),
  status,
};

function pod(object: object): Buffer {
  return envelope("Pod", "v1", encode(object, podShape));
}

function status(body: object): Buffer {
  return envelope("Status", "v1", encode(body, statusShape));
}
