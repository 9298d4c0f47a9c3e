/**
 * What a way of logging in to the API server gives to the transport. Implemented by service-account.ts,
 * kubeconfig.ts and anonymous (plain http, like `kubectl proxy`).
 */
import type { Agent } from "node:http";

export interface Credentials {
  /** "https://10.96.0.1:443", no trailing slash, no user part. */
  readonly address: string;
  /** For messages: "service account", "kubeconfig /root/.kube/config". */
  readonly origin: string;
  /**
   * What to log in with now. Cheap when nothing is due. `renew` is set after a 401 or a failed TLS handshake:
   * forget what is cached and read the files again. Rejects with a RetryableError when a file cannot be read.
   */
  current(renew: boolean): Promise<Login>;
}

export interface Login {
  /** Authorization and impersonation headers; never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
  /** Only with `proxy-url`: connections are made by this agent and not by the shared pool. */
  readonly proxyAgent?: Agent | undefined;
}

export interface TlsOptions {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** For a plain http server that asks for nothing. */
export function anonymous(address: string): Credentials {
  const login: Login = { headers: {}, tls: {} };
  return { address, origin: "no credentials", current: async () => login };
}
