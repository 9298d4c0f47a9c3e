/**
 * Who shall be told what about a drop: a report comes in, up to two notices (a pod and a sentence) go out.
 * Called by the sink for every report. The words are kube-iptables-tailer's, because people alert on them.
 */
import { type DropReport, type Endpoint, type PacketDrop, printable } from "../../core/plugin/index.ts";

/** The pod that an event is about. */
export type PodReference = {
  readonly namespace: string;
  readonly name: string;
  /** `kubectl describe` finds events by it. */
  readonly uid: string | undefined;
};

export type Notice = { readonly pod: PodReference; readonly message: string };

export type Sides = "both" | "source" | "destination";

export type NoticeOptions = {
  readonly sides: Sides;
  /** Whether a known policy ends the sentence; without, it is the Go tailer's to the letter. */
  readonly namePolicy: boolean;
};

/** What events.k8s.io allows; core/v1 events have no limit of their own. */
export const maxMessageBytes = 1024;

const combinedSuffix = " (combined from similar drops)";

/** The events that a report makes: at most one for the sender, then one for the receiver. */
export function noticesOf(report: DropReport, { sides, namePolicy }: NoticeOptions): readonly Notice[] {
  const { source, destination, drop } = report;
  const told = { drop, namePolicy };
  const notices: Notice[] = [];
  const sender = sides === "destination" ? undefined : podReference(source);
  const receiver = sides === "source" ? undefined : podReference(destination);
  if (sender !== undefined)
    notices.push({ pod: sender, message: dropMessage("sending traffic to", destination, told) });
  if (receiver !== undefined) {
    notices.push({ pod: receiver, message: dropMessage("receiving traffic from", source, told) });
  }
  return notices;
}

/** The same sentence, for the one event of a pod that stands for all that came after its first distinct ones. */
export function combinedMessage(message: string): string {
  return printable(message, maxMessageBytes - combinedSuffix.length) + combinedSuffix;
}

/** A pod that gets events: one in its own network whose name is known. */
function podReference(endpoint: Endpoint): PodReference | undefined {
  const { kind, hostNetwork, namespace, name, uid } = endpoint;
  if (kind !== "pod" || hostNetwork === true || namespace === undefined || name === undefined) return undefined;
  return { namespace, name, uid };
}

type Told = { readonly drop: PacketDrop; readonly namePolicy: boolean };

function dropMessage(direction: string, peer: Endpoint, { drop, namePolicy }: Told): string {
  const name = printable(peer.displayName);
  const who = name === peer.address || name === "" ? peer.address : `${name} (${peer.address})`;
  return printable(
    `Packet dropped when ${direction} ${who}${whatWasWanted(drop)}${namePolicy ? byPolicy(drop) : ""}`,
    maxMessageBytes,
  );
}

/** In parentheses, since what logs a packet names a policy that did not let it through, not always the only one. */
function byPolicy({ policy }: PacketDrop): string {
  return policy === undefined ? "" : ` (policy ${policy})`;
}

/** What of the peer was wanted. The Go tailer knows ports only and loses lines without one. */
function whatWasWanted(drop: PacketDrop): string {
  const { destinationPort, protocol, icmpType, icmpCode, fragmentOffset } = drop;
  if (destinationPort !== undefined) return ` on port ${destinationPort}/${protocol ?? "unknown"}`;
  if (protocol === undefined) return "";
  if (icmpType !== undefined) {
    return ` over ${protocol} type ${icmpType}${icmpCode === undefined ? "" : ` code ${icmpCode}`}`;
  }
  // Only the first fragment carries the ports.
  return ` over ${protocol}${fragmentOffset === undefined || fragmentOffset === 0 ? "" : " (fragment without a port)"}`;
}
