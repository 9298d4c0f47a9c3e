/**
 * Reads the wanted fields of a protobuf message and steps over the rest by their lengths: bytes in, an object as
 * JSON.parse would give it out. Called by pod-format.ts for each pod. Of a pod's JSON every byte has to be looked at;
 * of this only the fields' heads.
 *
 * Field facts: https://protobuf.dev/programming-guides/encoding/, and k8s.io/apimachinery's runtime/serializer/protobuf.
 */

/** By the field's number in the .proto file; fields that are not named are stepped over. */
export type Message = Readonly<Record<number, Field>>;

/**
 * `name`: what the field is called in JSON. Texts that are empty are left out, as Go's `omitempty` does it. "time":
 * milliseconds since 1970. "list": one message an entry. "map": of texts, of which those of `keys` are wanted.
 * "envelope": what Kubernetes puts around an object, "k8s\0" and its type; the object is read.
 */
export type Field =
  | { readonly name: string; readonly as: "text" | "flag" | "number" | "time" }
  | { readonly name: string; readonly as: "message" | "list" | "envelope"; readonly fields: Message }
  | { readonly name: string; readonly as: "map"; readonly keys: readonly string[] };

interface Wanted {
  readonly name: string;
  readonly as: Field["as"];
  readonly fields: Fields;
  readonly keys: readonly Key[];
}

interface Key {
  readonly text: string;
  readonly bytes: Uint8Array;
}

type Fields = ReadonlyArray<Wanted | undefined>;
type Json = Record<string, unknown>;

/** Wire types. */
const varint = 0;
const eightBytes = 1;
const counted = 2;
const fourBytes = 5;

/** "k8s\0", before each object that stands for itself. */
const magic = 0x6b387300;
const magicBytes = 4;
const timeFields = compile({ 1: { name: "seconds", as: "number" } });
/** Negative numbers come as those beyond it: the zero time of Go is one. */
const maxSigned = 2 ** 63;

export class ProtobufFields {
  readonly #fields: Fields;
  readonly #enveloped: Fields;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(message: Message) {
    this.#fields = compile(message);
    this.#enveloped = compileEnvelope(message);
  }

  /** Reads `bytes` from `start` to `end`, which hold one message. Throws a SyntaxError where they do not. */
  read(bytes: Buffer, start: number, end: number): Readonly<Record<string, unknown>> {
    this.#bytes = bytes;
    this.#at = start;
    return this.#message(this.#fields, end);
  }

  /** The same for a message in an envelope. */
  readEnvelope(bytes: Buffer, start: number, end: number): unknown {
    this.#bytes = bytes;
    this.#at = start;
    return this.#envelope(this.#enveloped, end);
  }

  #message(fields: Fields, end: number): Json {
    const object: Json = {};
    while (this.#at < end) {
      const tag = this.#varint(end);
      const number = tag >>> 3;
      const wanted = number < fields.length ? fields[number] : undefined;
      switch (tag & 7) {
        case counted: {
          const next = this.#countedEnd(end);
          if (wanted !== undefined) this.#content(object, wanted, next);
          this.#at = next;
          break;
        }
        case varint: {
          const value = this.#varint(end);
          if (wanted?.as === "flag") object[wanted.name] = value !== 0;
          else if (wanted?.as === "number") object[wanted.name] = value;
          break;
        }
        default:
          this.#skipFixed(tag & 7, end);
      }
    }
    return object;
  }

  /** A field whose content goes from here to `end`. */
  #content(object: Json, { name, as, fields, keys }: Wanted, end: number): void {
    switch (as) {
      case "text":
        if (end > this.#at) object[name] = textOf(this.#bytes, this.#at, end);
        break;
      case "time":
        object[name] = millisOf(this.#message(timeFields, end).seconds);
        break;
      case "message":
        object[name] = this.#message(fields, end);
        break;
      case "envelope":
        object[name] = this.#envelope(fields, end);
        break;
      case "list":
        append(object, name, this.#message(fields, end));
        break;
      case "map":
        object[name] ??= {};
        this.#entry(object[name] as Record<string, string>, keys, end);
    }
  }

  #envelope(fields: Fields, end: number): unknown {
    if (end - this.#at < magicBytes || this.#bytes.readUInt32BE(this.#at) !== magic) {
      throw new SyntaxError("a Kubernetes object in protobuf begins with k8s\\0, and this does not");
    }
    this.#at += magicBytes;
    return this.#message(fields, end).raw;
  }

  #entry(map: Record<string, string>, keys: readonly Key[], end: number): void {
    let key: string | undefined;
    let [valueStart, valueEnd] = [0, 0];
    while (this.#at < end) {
      const tag = this.#varint(end);
      if ((tag & 7) !== counted) throw unexpected("a map's entry has a field that is no text", this.#at);
      const next = this.#countedEnd(end);
      if (tag >>> 3 === 1) key = find(keys, this.#bytes, this.#at, next);
      else [valueStart, valueEnd] = [this.#at, next];
      this.#at = next;
    }
    if (key !== undefined) map[key] = textOf(this.#bytes, valueStart, valueEnd);
  }

  /** Steps over a length; where what it counts ends. */
  #countedEnd(end: number): number {
    const length = this.#varint(end);
    if (length > end - this.#at) throw unexpected("a field is longer than its message", this.#at);
    return this.#at + length;
  }

  #varint(end: number): number {
    let value = 0;
    for (let factor = 1; this.#at < end && factor <= maxSigned; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      if (byte < 128) return value + byte * factor;
      value += (byte - 128) * factor;
    }
    throw unexpected("a number does not end", this.#at);
  }

  #skipFixed(wireType: number, end: number): void {
    const length = wireType === eightBytes ? 8 : wireType === fourBytes ? 4 : Number.POSITIVE_INFINITY;
    if (length > end - this.#at) throw unexpected(`a field of wire type ${wireType}`, this.#at);
    this.#at += length;
  }
}

function compile(message: Message): Fields {
  const fields: Array<Wanted | undefined> = [];
  for (const [number, field] of Object.entries(message)) fields[Number(number)] = wantedOf(field);
  // Without holes, which are slow to look up.
  return Array.from(fields);
}

function wantedOf(field: Field): Wanted {
  const { name, as } = field;
  const keys = as === "map" ? field.keys.map((text) => ({ text, bytes: Buffer.from(text) })) : [];
  if (as === "envelope") return { name, as, keys, fields: compileEnvelope(field.fields) };
  return { name, as, keys, fields: as === "message" || as === "list" ? compile(field.fields) : [] };
}

/** runtime.Unknown: 1 is the type's name. */
function compileEnvelope(fields: Message): Fields {
  return compile({ 2: { name: "raw", as: "message", fields } });
}

function find(keys: readonly Key[], bytes: Buffer, start: number, end: number): string | undefined {
  const length = end - start;
  for (const key of keys) {
    if (key.bytes.length !== length) continue;
    let same = 0;
    while (same < length && key.bytes[same] === bytes[start + same]) same++;
    if (same === length) return key.text;
  }
  return undefined;
}

function append(object: Json, name: string, entry: Json): void {
  const list = object[name];
  if (Array.isArray(list)) list.push(entry);
  else object[name] = [entry];
}

/** Undefined for the zero time. */
function millisOf(seconds: unknown): number | undefined {
  return typeof seconds === "number" && seconds < maxSigned ? seconds * 1000 : undefined;
}

function textOf(bytes: Buffer, start: number, end: number): string {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) > 0x7f) return bytes.toString("utf8", start, end);
  return bytes.toString("latin1", start, end);
}

function unexpected(what: string, at: number): SyntaxError {
  return new SyntaxError(`${what}, at byte ${at} of the protobuf`);
}
