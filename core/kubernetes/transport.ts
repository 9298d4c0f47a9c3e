/**
 * Sends requests over one pool of keep-alive connections: in come Credentials, out comes an ApiServer.
 * client-node opens a TLS connection a request; this does not, and it gives up by silence, not by total time,
 * so that a watch may last for hours. Called by connectApiServer.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { DroplensError, isRetryable } from "../plugin/errors.ts";
import type { ApiRequest, ApiResponse, ApiServer, ApiStream } from "./api-server.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { Credentials, Login } from "./credentials.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { freeBytes, freeReads } from "./spent-bytes.ts";
import { isTlsFailure, unreachable } from "./unreachable.ts";

const defaultIdleMillis = 30_000;
/** A page of 500 pods has about 5 MB; an answer beyond this is a mistake in the caller's query. */
const maxAnswerBytes = 64 * 1024 * 1024;

export function apiServer(credentials: Credentials): ApiServer {
  const pool = new ConnectionPool(credentials.address);
  const open = (request: ApiRequest, signal: AbortSignal) => openAnswer({ credentials, pool, request }, signal);
  return {
    address: credentials.address,
    origin: credentials.origin,
    request: async (request, signal) => await readWhole(await open(request, signal), credentials.address, signal),
    async stream(request, signal) {
      const answer = await open(request, signal);
      freeReads(answer);
      return { ...head(answer), body: spent(chunks(answer, credentials.address, signal)) };
    },
    close: () => pool.close(),
  };
}

interface Exchange {
  readonly credentials: Credentials;
  readonly pool: ConnectionPool;
  readonly request: ApiRequest;
}

/** Sends; after a 401 or a refused certificate once more, if reading the credentials again gives others. */
async function openAnswer(exchange: Exchange, signal: AbortSignal): Promise<IncomingMessage> {
  const { credentials } = exchange;
  signal.throwIfAborted();
  const login = await abortable(credentials.current(false), signal);
  let answer: IncomingMessage | undefined;
  try {
    answer = await send(exchange, login, signal);
    if (answer.statusCode !== 401) return answer;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!isTlsFailure(error)) throw unreachable(error, credentials.address);
  }
  const renewed = await abortable(credentials.current(true), signal);
  if (answer !== undefined && sameLogin(login, renewed)) return answer;
  answer?.resume();
  try {
    return await send(exchange, renewed, signal);
  } catch (error) {
    throw signal.aborted ? signal.reason : unreachable(error, credentials.address);
  }
}

function sameLogin(a: Login, b: Login): boolean {
  const text = (login: Login) => JSON.stringify([login.headers, login.tls.cert?.toString()]);
  return text(a) === text(b);
}

/**
 * A connection that the server has just closed while idle is no failure of the server: a GET is sent again on a new
 * one. Not so the rest, since a POST may have been carried out.
 */
async function send(exchange: Exchange, login: Login, signal: AbortSignal): Promise<IncomingMessage> {
  for (let attempt = 0; ; attempt++) {
    const { sent, answer } = start(exchange, login, signal);
    try {
      return await answer;
    } catch (error) {
      const stale = sent.reusedSocket && exchange.request.method === "GET" && attempt < 3;
      if (!stale || signal.aborted || isRetryable(error)) throw error;
    }
  }
}

function start({ pool, request }: Exchange, login: Login, signal: AbortSignal) {
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const idleMillis = request.idleTimeoutMillis ?? defaultIdleMillis;
  const sent: ClientRequest = pool.open(login, {
    method: request.method,
    path: request.path,
    signal,
    headers: {
      ...login.headers,
      "User-Agent": "droplens",
      Accept: request.accept ?? "application/json",
      ...(body !== undefined && {
        "Content-Type": request.contentType ?? "application/json",
        "Content-Length": body.length,
      }),
    },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", resolve);
  });
  giveUpOnSilence(sent, idleMillis);
  sent.end(body);
  return { sent, answer };
}

function giveUpOnSilence(sent: ClientRequest, idleMillis: number): void {
  let answer: IncomingMessage | undefined;
  sent.on("response", (response: IncomingMessage) => {
    answer = response;
  });
  sent.setTimeout(idleMillis, () => {
    // Bytes that wait for a slow reader here are no silence of the server.
    if (answer !== undefined && answer.readableLength > 0) sent.socket?.setTimeout(idleMillis);
    else sent.destroy(new SilenceError(`silence for ${idleMillis / 1000} s`));
  });
}

class SilenceError extends Error {}

function head(answer: IncomingMessage): Omit<ApiStream, "body"> {
  const retryAfterMillis = parseRetryAfter(answer.headers["retry-after"], answer.headers.date);
  const named = { status: answer.statusCode ?? 0, contentType: answer.headers["content-type"] ?? "" };
  return retryAfterMillis === undefined ? named : { ...named, retryAfterMillis };
}

async function* chunks(answer: IncomingMessage, address: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) yield chunk;
  } catch (error) {
    throw signal.aborted ? signal.reason : unreachable(error, address);
  }
}

async function* spent(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    freeBytes(chunk);
  }
}

async function readWhole(answer: IncomingMessage, address: string, signal: AbortSignal): Promise<ApiResponse> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks(answer, address, signal)) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) {
      throw new DroplensError(
        "KUBERNETES_ANSWER_TOO_LARGE",
        `${address} answers with more than ${maxAnswerBytes / 1024 / 1024} MiB: ask for smaller pages (limit=500)`,
      );
    }
  }
  const body = Buffer.concat(parts);
  return { ...head(answer), body, json: () => parseJson(body) };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** An exec plugin may take its time: the caller's abort does not wait for it. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
