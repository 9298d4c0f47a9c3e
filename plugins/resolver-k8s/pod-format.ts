/**
 * The two forms in which an API server tells about pods: protobuf, which is asked for, and JSON, from servers that do
 * not know it. In comes an answer's body, out come objects as JSON has them, with the fields that are read. Called by
 * the pod watch.
 */
import { eventTypeMessage, podListMessage, podMessage, statusMessage, watchEventMessage } from "./messages.ts";
import { isFinished } from "./pod.ts";
import { ProtobufFields } from "./protobuf-fields.ts";
import { readWatchFrames } from "./watch-frames.ts";
import { readWatchLines } from "./watch-lines.ts";

export interface WatchEvent {
  readonly type?: unknown;
  readonly object?: unknown;
}

export type OnEvent = (event: WatchEvent) => void;

export interface PodFormat {
  /**
   * Until the body ends. Rejects with a WatchFailure for an event of more than `maxBytes`, with a SyntaxError for what
   * is none.
   */
  readEvents(body: AsyncIterable<Uint8Array>, maxBytes: number, onEvent: OnEvent): Promise<void>;
  /** A whole answer. Throws a SyntaxError. */
  readList(body: Buffer): unknown;
  readStatus(body: Buffer): unknown;
}

const protobuf = "application/vnd.kubernetes.protobuf";

export class PodFormats {
  readonly accept = `${protobuf}, application/json`;
  readonly #protobuf: PodFormat;

  constructor(labelKey: string | undefined) {
    this.#protobuf = new ProtobufFormat(labelKey);
  }

  /** `contentType`: the answer's. */
  of(contentType: string): PodFormat {
    return contentType.startsWith(protobuf) ? this.#protobuf : jsonFormat;
  }
}

const jsonFormat: PodFormat = {
  readEvents: (body, maxBytes, onEvent) =>
    readWatchLines(body, maxBytes, (bytes, start, end) => onEvent(parsedEvent(bytes.toString("utf8", start, end)))),
  readList: (body) => JSON.parse(body.toString("utf8")),
  readStatus: (body) => JSON.parse(body.toString("utf8")),
};

/** `null` is JSON too, and no event. */
function parsedEvent(line: string): WatchEvent {
  const parsed: unknown = JSON.parse(line);
  return typeof parsed === "object" && parsed !== null ? parsed : {};
}

class ProtobufFormat implements PodFormat {
  readonly #living: ProtobufFields;
  readonly #finished: ProtobufFields;
  readonly #type = new ProtobufFields(eventTypeMessage);
  readonly #error = new ProtobufFields(watchEventMessage(statusMessage));
  readonly #list: ProtobufFields;
  readonly #status = new ProtobufFields(statusMessage);

  constructor(labelKey: string | undefined) {
    this.#living = new ProtobufFields(watchEventMessage(podMessage(labelKey, false)));
    this.#finished = new ProtobufFields(watchEventMessage(podMessage(labelKey, true)));
    this.#list = new ProtobufFields(podListMessage(labelKey));
  }

  readEvents(body: AsyncIterable<Uint8Array>, maxBytes: number, onEvent: OnEvent): Promise<void> {
    return readWatchFrames(body, maxBytes, (bytes, start, end) => onEvent(this.#event(bytes, start, end)));
  }

  readList(body: Buffer): unknown {
    return this.#list.readEnvelope(body, 0, body.length);
  }

  readStatus(body: Buffer): unknown {
    const status = this.#status.readEnvelope(body, 0, body.length);
    return typeof status === "object" ? { kind: "Status", ...status } : undefined;
  }

  /** An error's object is no pod, so it has to be known first. Few pods are finished; those are read twice. */
  #event(bytes: Buffer, start: number, end: number): WatchEvent {
    if (this.#type.read(bytes, start, end).type === "ERROR") return this.#read(this.#error, bytes, start, end);
    const event = this.#read(this.#living, bytes, start, end);
    return isFinished(event.object) ? this.#read(this.#finished, bytes, start, end) : event;
  }

  #read(fields: ProtobufFields, bytes: Buffer, start: number, end: number): WatchEvent {
    const { type, object } = fields.read(bytes, start, end);
    const raw = typeof object === "object" && object !== null && "raw" in object ? object.raw : undefined;
    return { type, object: raw };
  }
}
