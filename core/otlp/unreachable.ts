/**
 * Says why a Collector cannot be reached and what to do: in comes what the socket threw, out one sentence.
 * Called by the transports.
 */
import { describeError } from "../plugin/errors.ts";
import { portHint } from "./endpoint.ts";
import type { SignalSettings } from "./settings.ts";

const otherAuthority =
  "its certificate is signed by an authority that is not trusted here: name that one as tls.caFile";
const noTls = "it does not speak TLS: write http:// if it is meant to be plain";
const clientRefused = "it refuses this client's certificate: renew tls.certFile and tls.keyFile";

/** Codes of node:net, node:dns, node:tls (OpenSSL's verify errors) and node:http. */
const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there: check the address, the port and that the Collector runs",
  ENOTFOUND: "its name is unknown: check the address and the DNS of this machine",
  EAI_AGAIN: "the DNS server does not answer: check the DNS of this machine or pod",
  EHOSTUNREACH: "there is no way to it: check the network and its policies",
  ENETUNREACH: "there is no way to it: check the network and its policies",
  ETIMEDOUT: "it does not answer: check the network, firewalls and policies on the way",
  ECONNRESET: "it closed the connection",
  SELF_SIGNED_CERT_IN_CHAIN: otherAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself: name it as tls.caFile",
  UNABLE_TO_GET_ISSUER_CERT: otherAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: otherAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: otherAuthority,
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the authority in tls.caFile: name the right one",
  CERT_HAS_EXPIRED: "its certificate has expired: renew it, or check the clock of this machine",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: check the clock of this machine",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for another name: write the endpoint with a name of the certificate",
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  HPE_INVALID_CONSTANT:
    "it does not speak HTTP/1.1: write protocol: grpc if this is its port for gRPC, or https:// if it is a TLS server",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: clientRefused,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: clientRefused,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: clientRefused,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "it wants a client certificate: name tls.certFile and tls.keyFile",
};

export function unreachable(error: unknown, settings: SignalSettings): string {
  const first = firstError(error);
  return explained(settings, `cannot reach ${settings.endpoint.url.href}`, [
    advice[codeOf(first)],
    describeError(first),
  ]);
}

/** `what`, then where the address was written and what to do; a hint about the port comes first. */
export function explained(settings: SignalSettings, what: string, details: readonly (string | undefined)[]): string {
  const { endpoint, protocol } = settings;
  const known = [portHint(protocol, endpoint.url), ...details]
    .map((detail) => detail?.trim())
    .filter((detail) => detail !== undefined && detail !== "");
  return [`${what} (${protocol}, from ${endpoint.origin})`, ...known].join(": ");
}

/** `limit`: the Collector's key. Of metrics there are as many as there are. */
export function whenTooLarge({ signal }: SignalSettings, limit: string): string {
  return `${signal === "logs" ? "lower maxBatch in queue, or " : ""}raise ${limit} of the Collector`;
}

/** What grpc-js tells of a socket that failed is in words only. */
export function adviceIn(text: string): string | undefined {
  const code = Object.keys(advice).find((known) => new RegExp(`\\b${known}\\b`).test(text));
  if (code !== undefined) return advice[code];
  if (/self[- ]signed certificate|unable to (get|verify)/i.test(text)) return otherAuthority;
  if (/wrong version number|packet length too long/i.test(text)) return noTls;
  if (/altnames|does not match certificate/i.test(text)) return advice.ERR_TLS_CERT_ALTNAME_INVALID;
  if (/certificate has expired/i.test(text)) return advice.CERT_HAS_EXPIRED;
  if (/protocol error/i.test(text))
    return "it does not speak gRPC: write protocol: http/protobuf, or its port for gRPC";
  if (/failed to connect/i.test(text))
    return "it does not speak gRPC without TLS: write https:// if it is a TLS server";
  return undefined;
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** A host with several addresses fails with an AggregateError whose own message is empty. */
function firstError(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
}
