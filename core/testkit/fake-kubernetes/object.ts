/** The shape of what the fake keeps: any Kubernetes object, of which it only knows the metadata. */

export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string | null;
  readonly deletionTimestamp?: string | null;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly [field: string]: unknown;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at "spec.nodeName"; undefined where the way ends. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const step of path.split(".")) value = isRecord(value) ? value[step] : undefined;
  return value;
}

export function textAt(object: unknown, path: string): string {
  const value = valueAt(object, path);
  return value === undefined || value === null ? "" : String(value);
}

/** metav1.Time: whole seconds. */
export function timestamp(millis = Date.now()): string {
  return `${new Date(millis).toISOString().slice(0, 19)}Z`;
}
