/**
 * Asks the API server whether events may be created and patched: for `droplens validate`, and for the watch over the
 * rights while the sink runs.
 */
import { accessReview } from "../../core/kubernetes/access-review.ts";
import type { ApiServer } from "../../core/kubernetes/api-server.ts";
import { describeError, type Finding } from "../../core/plugin/index.ts";
import type { Journal } from "./journal.ts";
import type { Verb } from "./outcome.ts";
import { type AskServer, neededVerbs, rightFinding } from "./rights.ts";

/** One finding for the way to the server, then one for each right. Never rejects but for `signal`. */
export async function checkRights(connect: () => ApiServer, signal: AbortSignal): Promise<readonly Finding[]> {
  let api: ApiServer;
  try {
    api = connect();
  } catch (error) {
    return [{ ok: false, what: "find the Kubernetes API server", problem: describeError(error) }];
  }
  const what = `reach the Kubernetes API server ${api.address} (${api.origin})`;
  try {
    const findings: Finding[] = [];
    for (const verb of neededVerbs) {
      const { granted, problem } = await review(api, verb, signal);
      findings.push(rightFinding(verb, granted, problem));
    }
    return [{ ok: true, what }, ...findings];
  } catch (error) {
    return [{ ok: false, what, problem: describeError(signal.aborted ? signal.reason : error) }];
  } finally {
    api.close();
  }
}

/** Tells `journal` whether the server answers. Without an answer, or without access reviews, it has no opinion. */
export function rightsQuestion(api: ApiServer, journal: Journal): AskServer {
  return async (verb, namespace, signal) => {
    try {
      const { granted, problem } = await review(api, verb, signal, namespace);
      if (problem === undefined) journal.reached();
      else journal.unreachable(`${api.address} does not answer what events may be written: ${problem}`);
      return granted;
    } catch (error) {
      if (signal.aborted) throw error;
      journal.unreachable(describeError(error));
      return undefined;
    }
  };
}

type Reviewed = { readonly granted: boolean | undefined; readonly problem?: string | undefined };

async function review(api: ApiServer, verb: Verb, signal: AbortSignal, namespace = ""): Promise<Reviewed> {
  const { verdict, reason } = await accessReview(api, { verb, resource: "events", namespace }, signal);
  return verdict === "unknown" ? { granted: undefined, problem: reason } : { granted: verdict === "allowed" };
}
