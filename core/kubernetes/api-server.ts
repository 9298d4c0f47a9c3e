/**
 * What plugins use of the Kubernetes API: plain requests over one keep-alive connection pool, with the credentials of
 * the service account or the kubeconfig. Made by connectApiServer; a plugin closes what it connected.
 */
export interface ApiServer {
  /** Base address without credentials, for messages: "https://10.96.0.1:443". */
  readonly address: string;
  /** Where the address and the credentials came from, for messages: "service account", "kubeconfig /root/.kube/config". */
  readonly origin: string;

  /**
   * Sends a request and reads the whole answer. Resolves for every HTTP status. Rejects with a RetryableError
   * (code KUBERNETES_UNREACHABLE) when the transport fails, with `signal.reason` when it aborts.
   */
  request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>;

  /** The same, with the answer's body as it arrives: for watches and large lists. The caller drains or aborts it. */
  stream(request: ApiRequest, signal: AbortSignal): Promise<ApiStream>;

  /** Ends all connections. Idempotent. */
  close(): void;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Path and query: "/api/v1/pods?limit=500". */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default application/json; a PATCH names its own kind, "application/merge-patch+json". */
  readonly contentType?: string;
  /** What the answer may be, as in the header of that name. Default application/json. */
  readonly accept?: string;
  /** Silence on the connection for this long rejects as a transport failure. Default 30 s. */
  readonly idleTimeoutMillis?: number;
}

export interface ApiResponse {
  readonly status: number;
  /** From Retry-After, if the server sent it. */
  readonly retryAfterMillis?: number;
  readonly body: Uint8Array;
  /** `body` parsed; undefined when it is no JSON. */
  json(): unknown;
}

export interface ApiStream {
  readonly status: number;
  readonly retryAfterMillis?: number;
  /** As the server named it: "application/json". Empty when it named none. */
  readonly contentType: string;
  /** Each chunk is good until the next one is asked for: its memory is given back then. */
  readonly body: AsyncIterable<Uint8Array>;
}
