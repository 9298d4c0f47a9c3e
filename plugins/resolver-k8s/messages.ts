/**
 * What is read of the API server's messages, by the numbers of their fields in the generated.proto files of
 * k8s.io/api/core/v1 and k8s.io/apimachinery, which are never given to another field. Called by pod-format.ts.
 */
import { mirrorUidKey, templateHashKey } from "./pod.ts";
import type { Field, Message } from "./protobuf-fields.ts";

/** On the bookmark that ends the initial events. */
export const initialEventsEndKey = "k8s.io/initial-events-end";

const text = (name: string): Field => ({ name, as: "text" });
const flag = (name: string): Field => ({ name, as: "flag" });
const number = (name: string): Field => ({ name, as: "number" });
const time = (name: string): Field => ({ name, as: "time" });
const message = (name: string, fields: Message): Field => ({ name, as: "message", fields });
const list = (name: string, fields: Message): Field => ({ name, as: "list", fields });
const map = (name: string, keys: readonly string[]): Field => ({ name, as: "map", keys });

const condition: Message = { 1: text("type"), 2: text("status"), 4: time("lastTransitionTime") };
const container: Message = { 2: message("state", { 3: message("terminated", { 6: time("finishedAt") }) }) };
const owner: Message = { 1: text("kind"), 3: text("name"), 6: flag("controller") };
const cause: Message = { 1: text("reason"), 2: text("message"), 3: text("field") };

/** Of a pod that lives on the state of its containers is no matter. */
export function podMessage(labelKey: string | undefined, isFinished: boolean): Message {
  return {
    1: message("metadata", {
      1: text("name"),
      3: text("namespace"),
      5: text("uid"),
      6: text("resourceVersion"),
      8: time("creationTimestamp"),
      11: map("labels", labelKey === undefined ? [templateHashKey] : [templateHashKey, labelKey]),
      12: map("annotations", [mirrorUidKey, initialEventsEndKey]),
      13: list("ownerReferences", owner),
    }),
    2: message("spec", { 10: text("nodeName"), 11: flag("hostNetwork") }),
    3: message("status", {
      1: text("phase"),
      6: text("podIP"),
      7: time("startTime"),
      12: list("podIPs", { 1: text("ip") }),
      ...(isFinished && {
        2: list("conditions", condition),
        8: list("containerStatuses", container),
        10: list("initContainerStatuses", container),
      }),
    }),
  };
}

export const statusMessage: Message = {
  3: text("message"),
  4: text("reason"),
  5: message("details", { 4: list("causes", cause) }),
  6: number("code"),
};

/** `items` as they are: a list of pods has room for those that are finished. */
export function podListMessage(labelKey: string | undefined): Message {
  return {
    1: message("metadata", { 2: text("resourceVersion"), 3: text("continue") }),
    2: list("items", podMessage(labelKey, true)),
  };
}

export const eventTypeMessage: Message = { 1: text("type") };

/** An event of a watch, whose object is a message of that form. */
export function watchEventMessage(fields: Message): Message {
  return { ...eventTypeMessage, 2: message("object", { 1: { name: "raw", as: "envelope", fields } }) };
}
