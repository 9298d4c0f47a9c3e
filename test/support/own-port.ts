/**
 * A port for a server that goes and comes back: below those that the kernel gives to whoever asks for any, so that nobody
 * else has it in the meantime.
 */
import { once } from "node:events";
import { createServer } from "node:net";

const [first, last] = [15_000, 32_000];

export async function ownPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = first + Math.floor(Math.random() * (last - first));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${first} to ${last}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
