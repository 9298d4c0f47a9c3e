/**
 * A DNS server on loopback for tests: answers each question as the test says, byte by byte if it likes.
 * The encoder is written from RFC 1035, apart from the plugin's own code, so that the two check each other.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

export interface AskedQuestion {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** The question section's bytes. */
  readonly section: Buffer;
}

/** What the server says to a question; undefined: nothing. Several: one datagram each. */
export type Reply = (question: AskedQuestion) => Buffer | readonly Buffer[] | undefined;

export class DnsServer {
  readonly asked: string[] = [];
  reply: Reply;
  readonly #socket: Socket;
  readonly #held: { question: AskedQuestion; from: RemoteInfo }[] = [];

  private constructor(socket: Socket, reply: Reply) {
    this.#socket = socket;
    this.reply = reply;
    socket.on("message", (bytes, from) => this.#receive(bytes, from));
  }

  static async start(reply: Reply): Promise<DnsServer> {
    const socket = createSocket("udp4");
    const server = new DnsServer(socket, reply);
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** Resolves when so many questions have come in all. */
  async received(count: number): Promise<void> {
    while (this.asked.length < count) await once(this.#socket, "message");
  }

  /** Answers, late, the questions that were left without an answer. */
  answerHeld(): void {
    for (const { question, from } of this.#held.splice(0)) this.#answer(question, from);
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }

  #receive(bytes: Buffer, from: RemoteInfo): void {
    const question = decodeQuestion(bytes);
    this.asked.push(question.name);
    this.#answer(question, from);
  }

  #answer(question: AskedQuestion, from: RemoteInfo): void {
    const reply = this.reply(question);
    if (reply === undefined) this.#held.push({ question, from });
    else
      for (const bytes of Buffer.isBuffer(reply) ? [reply] : reply) this.#socket.send(bytes, from.port, from.address);
  }
}

export function decodeQuestion(bytes: Buffer): AskedQuestion {
  const labels: string[] = [];
  let at = 12;
  while (bytes.readUInt8(at) !== 0) {
    const end = at + 1 + bytes.readUInt8(at);
    labels.push(bytes.toString("latin1", at + 1, end));
    at = end;
  }
  const section = bytes.subarray(12, at + 5);
  return { id: bytes.readUInt16BE(0), name: labels.join("."), type: bytes.readUInt16BE(at + 1), section };
}

export interface MessageParts {
  readonly id?: number;
  readonly code?: number;
  readonly truncated?: boolean;
  readonly answers?: readonly Buffer[];
  readonly authority?: readonly Buffer[];
}

export function message(question: AskedQuestion, parts: MessageParts): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(parts.id ?? question.id, 0);
  header.writeUInt16BE(0x8180 | (parts.truncated ? 0x0200 : 0) | (parts.code ?? 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(parts.answers?.length ?? 0, 6);
  header.writeUInt16BE(parts.authority?.length ?? 0, 8);
  return Buffer.concat([header, question.section, ...(parts.answers ?? []), ...(parts.authority ?? [])]);
}

/** A pointer to the question's name, right behind the header. */
export const questionPointer = Buffer.from([0xc0, 12]);

export function nameBytes(name: string): Buffer {
  const labels = name === "" ? [] : name.split(".");
  return Buffer.concat([...labels.map((label) => labelBytes(Buffer.from(label, "latin1"))), Buffer.from([0])]);
}

export function labelBytes(label: Buffer): Buffer {
  return Buffer.concat([Buffer.from([label.length]), label]);
}

export function record(type: number, ttlSeconds: number, data: Buffer, owner: Buffer = questionPointer): Buffer {
  const fields = Buffer.alloc(10);
  fields.writeUInt16BE(type, 0);
  fields.writeUInt16BE(1, 2);
  fields.writeInt32BE(ttlSeconds, 4);
  fields.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fields, data]);
}

export function ptr(name: string, ttlSeconds = 300, owner?: Buffer): Buffer {
  return record(12, ttlSeconds, nameBytes(name), owner);
}

export function cname(name: string, ttlSeconds = 300): Buffer {
  return record(5, ttlSeconds, nameBytes(name));
}

export function soa(ttlSeconds: number, minimumSeconds: number): Buffer {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(minimumSeconds, 16);
  return record(6, ttlSeconds, Buffer.concat([nameBytes("ns.example"), nameBytes("admin.example"), numbers]));
}

/** The address that an in-addr.arpa question is about. */
export function askedAddress(question: AskedQuestion): string {
  return question.name.replace(".in-addr.arpa", "").split(".").reverse().join(".");
}
