/**
 * DNS messages (RFC 1035): the question for an address's names, and what the answer says. Bytes in, data out, no I/O.
 * Own code, because Node's dns module gives no TTL for PTR records. Called by exchange.ts; never throws on bad bytes.
 */
import { parseAddress } from "../../core/plugin/index.ts";

export interface Question {
  readonly id: number;
  /** "5.2.0.192.in-addr.arpa" */
  readonly name: string;
}

export type Answer =
  /** Raw names, as the zone has them; how long they may be remembered. */
  | { readonly kind: "names"; readonly names: readonly string[]; readonly ttlSeconds: number }
  /** The address has no name. The time is the zone's own (RFC 2308), if it says one. */
  | { readonly kind: "no-name"; readonly ttlSeconds: number | undefined }
  /** SERVFAIL, REFUSED, or an answer too long for UDP. */
  | { readonly kind: "server-error" };

const typeCname = 5;
const typeSoa = 6;
const typePtr = 12;
const classInternet = 1;
const headerBytes = 12;
const maxNameBytes = 255;

/** The name to ask for: RFC 1035 3.5 for IPv4, RFC 3596 2.5 for IPv6. Undefined when `address` is none. */
export function reverseName(address: string): string | undefined {
  const words = new Uint32Array(4);
  const version = parseAddress(address, words);
  if (version === 0) return undefined;
  if (version === 4) return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
  const digits = [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
  return `${[...digits].reverse().join(".")}.ip6.arpa`;
}

export function encodeQuestion(question: Question): Uint8Array {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(question.id, 0);
  header.writeUInt16BE(0x0100, 2); // recursion desired
  header.writeUInt16BE(1, 4);
  const labels = question.name.split(".").map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, typePtr, 0, classInternet])]);
}

/** Undefined: broken, or not an answer to `question`. */
export function decodeAnswer(bytes: Buffer, question: Question): Answer | undefined {
  try {
    return readAnswer(bytes, question);
  } catch (error) {
    // Every read beyond the end and every impossible name is a RangeError.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readAnswer(bytes: Buffer, question: Question): Answer | undefined {
  const flags = bytes.readUInt16BE(2);
  const isResponse = (flags & 0xf800) === 0x8000;
  if (bytes.readUInt16BE(0) !== question.id || !isResponse || bytes.readUInt16BE(4) !== 1) return undefined;
  const asked = readName(bytes, headerBytes);
  if (asked.name !== question.name || bytes.readUInt16BE(asked.next) !== typePtr) return undefined;
  const code = flags & 0xf;
  if (code !== 0 && code !== 3) return { kind: "server-error" };
  const answers = readRecords(bytes, asked.next + 4, bytes.readUInt16BE(6));
  const found = followChain(bytes, question.name, answers.records);
  if (found.names.length > 0) return { kind: "names", names: found.names, ttlSeconds: found.ttlSeconds };
  const isTruncated = (flags & 0x0200) !== 0;
  if (isTruncated) return { kind: "server-error" };
  const authority = readRecords(bytes, answers.next, bytes.readUInt16BE(8));
  return { kind: "no-name", ttlSeconds: negativeTtlSeconds(bytes, authority.records) };
}

interface RecordPlace {
  readonly owner: string;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly dataStart: number;
}

/** The records from `start` on. Bounded by the message's own length: each takes 11 bytes or more. */
function readRecords(bytes: Buffer, start: number, count: number): { records: RecordPlace[]; next: number } {
  const records: RecordPlace[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    const { name: owner, next } = readName(bytes, at);
    const ttl = bytes.readInt32BE(next + 4);
    // RFC 2181 section 8: a TTL with the top bit set is 0.
    const record = { owner, type: bytes.readUInt16BE(next), ttlSeconds: Math.max(0, ttl), dataStart: next + 10 };
    at = record.dataStart + bytes.readUInt16BE(next + 8);
    if (at > bytes.length) throw new RangeError("record beyond the end of the message");
    records.push(record);
  }
  return { records, next: at };
}

/** RFC 2317 delegates parts of a reverse zone through CNAMEs: follows them, in the answer's order. */
function followChain(bytes: Buffer, name: string, records: readonly RecordPlace[]) {
  let owner = name;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  const names: string[] = [];
  for (const record of records) {
    if (record.owner !== owner || (record.type !== typeCname && record.type !== typePtr)) continue;
    const target = readName(bytes, record.dataStart).name;
    ttlSeconds = Math.min(ttlSeconds, record.ttlSeconds);
    if (record.type === typeCname) owner = target;
    else names.push(target);
  }
  return { names, ttlSeconds };
}

/** RFC 2308 section 5: the lesser of the SOA record's TTL and its MINIMUM field. */
function negativeTtlSeconds(bytes: Buffer, authority: readonly RecordPlace[]): number | undefined {
  const soa = authority.find((record) => record.type === typeSoa);
  if (soa === undefined) return undefined;
  const responsible = readName(bytes, soa.dataStart).next;
  const serial = readName(bytes, responsible).next;
  return Math.min(soa.ttlSeconds, Math.max(0, bytes.readInt32BE(serial + 16)));
}

/** A name in lower case, a dot or backslash within a label escaped; `next` is the place behind it. */
function readName(bytes: Buffer, start: number): { name: string; next: number } {
  const labels: string[] = [];
  let at = start;
  let next = 0;
  // A pointer must point before the place it was reached from, so that no chain of them is endless.
  let limit = start;
  for (let length = 1; ; ) {
    const size = bytes.readUInt8(at);
    if (size === 0) return { name: labels.join("."), next: next || at + 1 };
    if (size >= 0xc0) {
      const target = bytes.readUInt16BE(at) & 0x3fff;
      if (target >= limit) throw new RangeError("pointer does not point back");
      next ||= at + 2;
      at = limit = target;
      continue;
    }
    length += size + 1;
    if (size > 63 || length > maxNameBytes || at + 1 + size > bytes.length) throw new RangeError("impossible name");
    const label = bytes.toString("latin1", at + 1, at + 1 + size);
    labels.push(label.toLowerCase().replace(/[.\\]/g, "\\$&"));
    at += size + 1;
  }
}
