/** Where the events of `latency` end up: an API server in a process of its own, or a real one. Opened by latency.ts. */

/** Where the events end up. Pods are numbered; flow n goes from one to another of them. */
export interface EventPlace {
  readonly name: string;
  /** For the plugins' options: `server` or `kubeconfig`. */
  readonly login: Readonly<Record<string, string>>;
  readonly pods: number;
  addressOf(pod: number): string;
  close(): Promise<void>;
}

/** A message's port tells its flow. */
export type OnEvent = (message: string, atMillis: number) => void;
