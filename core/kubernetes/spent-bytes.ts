/**
 * Gives the memory of bytes back as soon as nobody reads them any more. Called by transport.ts for answers that are
 * read as they arrive.
 *
 * Each read of a socket is an ArrayBuffer of up to 64 KB, and the HTTP parser copies the body into another. They die
 * at once, but the collector is driven by the JavaScript heap, which hardly grows meanwhile: with 100,000 pods, 230 MB
 * of JSON, the process stood at 150 MB, and with this at 72.
 */
import type { IncomingMessage } from "node:http";

/** `bytes` are empty afterwards. Those that are a part of something, as small Buffers of the pool, stay. */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}

/** To be called when the answer has begun: frees what its socket reads from then on. */
export function freeReads(answer: IncomingMessage): void {
  const { socket } = answer;
  // The HTTP parser's listener was there before: it has copied the body when this one is called.
  socket.on("data", freeBytes);
  answer.once("close", () => socket.off("data", freeBytes));
}
