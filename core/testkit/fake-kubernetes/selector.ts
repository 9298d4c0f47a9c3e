/**
 * Field and label selectors: in come the texts of a query, out comes a function that says whether a stored object
 * matches. Parsed once a request; matching reads the few fields that the store keeps beside the JSON.
 */
import { badRequest } from "./refusal.ts";
import type { Resource } from "./resource.ts";
import type { StoredObject } from "./store.ts";

export type Matches = (object: StoredObject) => boolean;

export function selector(resource: Resource, fieldSelector: string, labelSelector: string): Matches {
  const terms = [...fieldTerms(resource, fieldSelector), ...labelTerms(labelSelector)];
  return (object) => terms.every((term) => term(object));
}

function fieldTerms(resource: Resource, text: string): Matches[] {
  const parts = text.split(/(?<!\\),/).filter((part) => part !== "");
  return parts.map((part) => {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, field = "", operator, raw = ""] = match;
    const value = raw.replace(/\\([,=\\])/g, "$1");
    const read = fieldReader(resource, field);
    return operator === "!=" ? (object) => read(object) !== value : (object) => read(object) === value;
  });
}

function fieldReader(resource: Resource, field: string): (object: StoredObject) => string {
  if (field === "metadata.name") return (object) => object.name;
  if (field === "metadata.namespace") return (object) => object.namespace;
  const index = resource.fields.indexOf(field);
  if (index < 0) throw badRequest(`field label not supported: ${field}`);
  return (object) => object.fields[index] ?? "";
}

function labelTerms(text: string): Matches[] {
  // Commas inside "in (a,b)" do not part terms.
  const parts = text.split(/,(?![^(]*\))/).filter((part) => part.trim() !== "");
  return parts.map((part) => labelTerm(part.trim()));
}

function labelTerm(part: string): Matches {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return (object) => values.has(object.labels[key] ?? "\0") === (operator === "in");
  }
  const equal = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
  if (equal !== null) {
    const [, key = "", operator, value] = equal;
    return (object) => (object.labels[key] === value) === (operator !== "!=");
  }
  const exists = /^(!?)([^=!\s]+)$/.exec(part);
  if (exists === null) throw badRequest(`unable to parse requirement: ${part}`);
  const [, not, key = ""] = exists;
  return (object) => (object.labels[key] !== undefined) === (not === "");
}
