/** Says why the API server cannot be reached, and what to do: in comes what the socket threw, out a RetryableError. */
import { describeError, isRetryable, RetryableError } from "../plugin/errors.ts";

/** Codes of node:net, node:dns, node:tls (OpenSSL's verify errors) and node:http. */
const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there: check the address and the port",
  ENOTFOUND: "its name is unknown: check the address and the DNS of this machine",
  EAI_AGAIN: "the DNS server does not answer: check the DNS of this machine or pod",
  EHOSTUNREACH: "there is no way to it: check the network and its policies",
  ENETUNREACH: "there is no way to it: check the network and its policies",
  ETIMEDOUT: "it does not answer: check the network, firewalls and policies on the way",
  ECONNRESET: "it closed the connection",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by an unknown authority: check certificate-authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself: name it as certificate-authority",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate is signed by an unknown authority: check certificate-authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is signed by an unknown authority: check certificate-authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is signed by an unknown authority: check certificate-authority",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the given authority: check certificate-authority",
  CERT_HAS_EXPIRED: "its certificate has expired: renew it, or check the clock of this machine",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: check the clock of this machine",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name: check the address, or set tls-server-name",
  EPROTO: "it does not speak TLS: write http:// if it is a plain server",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS: write http:// if it is a plain server",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS: write http:// if it is a plain server",
  HPE_INVALID_CONSTANT: "it does not speak HTTP: write https:// if it is a TLS server",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it refuses the client certificate: renew the kubeconfig",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "it refuses the client certificate: renew the kubeconfig",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the client certificate has expired: renew the kubeconfig",
};

export function unreachable(error: unknown, address: string): Error {
  // Already said: a credential that cannot be read.
  if (error instanceof Error && isRetryable(error)) return error;
  const hint = advice[codeOf(error)];
  return new RetryableError(
    "KUBERNETES_UNREACHABLE",
    `cannot reach the Kubernetes API server ${address}${hint === undefined ? "" : `: ${hint}`}`,
    { cause: new Error(describeError(firstError(error))) },
  );
}

/** A failure that other credentials (a renewed CA or client certificate) may mend. */
export function isTlsFailure(error: unknown): boolean {
  return /CERT|ISSUER|SSL|LEAF/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  const first = firstError(error);
  return typeof first === "object" && first !== null && "code" in first ? String(first.code) : "";
}

/** A host with several addresses fails with an AggregateError whose own message is empty. */
function firstError(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
}
