/**
 * One question to one DNS server over UDP: sends it, waits for the answer that belongs to it, closes the socket.
 * Called by name-server.ts; never rejects.
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import type { Clock } from "../../core/plugin/index.ts";
import { type Answer, decodeAnswer, encodeQuestion, type Question } from "./message.ts";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

export type ExchangeResult = Answer | { readonly kind: "no-answer"; readonly reason: NoAnswer };

/** "malformed": something came, but nothing that answers the question. */
export type NoAnswer = "timeout" | "unreachable" | "malformed" | "stopped";

export interface ExchangeLimits {
  readonly clock: Clock;
  readonly timeoutMillis: number;
  readonly signal: AbortSignal;
}

export async function exchange(name: string, server: ServerAddress, limits: ExchangeLimits): Promise<ExchangeResult> {
  if (limits.signal.aborted) return { kind: "no-answer", reason: "stopped" };
  // A socket of its own for each question: connected, so that the kernel passes only what this server sends, and
  // with a fresh port, which a forger has to guess besides the id (RFC 5452).
  const socket = createSocket(server.family === 6 ? "udp6" : "udp4");
  const over = new AbortController();
  const stop = () => over.abort();
  limits.signal.addEventListener("abort", stop, { once: true });
  try {
    return await answerOf(socket, { id: randomInt(0x10000), name }, server, { ...limits, signal: over.signal });
  } finally {
    limits.signal.removeEventListener("abort", stop);
    over.abort();
    socket.close();
  }
}

function answerOf(
  socket: ReturnType<typeof createSocket>,
  question: Question,
  server: ServerAddress,
  limits: ExchangeLimits,
): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    const giveUp = (reason: NoAnswer) => resolve({ kind: "no-answer", reason });
    const failed = (error?: Error | null) => void (error && giveUp("unreachable"));
    let heard: NoAnswer = "timeout";
    socket.on("error", failed);
    socket.on("message", (bytes) => {
      const answer = decodeAnswer(bytes, question);
      if (answer !== undefined) resolve(answer);
      else heard = "malformed";
    });
    // The callback gets the error, whatever its type says (node:dgram, socket.connect); it may come after the end.
    const connected = (error?: Error | null) => {
      if (error) failed(error);
      else if (!limits.signal.aborted) socket.send(encodeQuestion(question), failed);
    };
    socket.connect(server.port, server.host, connected);
    limits.clock.sleep(limits.timeoutMillis, limits.signal).then(
      () => giveUp(heard),
      () => giveUp("stopped"),
    );
  });
}
