/** Where the manifests are, and the shape of what the tests read in them. */
export const manifestFolder = "deploy/manifests";

export interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly volumes?: ReadonlyArray<{ readonly name: string; readonly hostPath?: object }> | undefined;
    readonly priorityClassName?: string | undefined;
  };
}
