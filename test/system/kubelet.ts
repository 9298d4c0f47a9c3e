/**
 * Starts a pod template's container as a kubelet would, as far as the kernel is concerned: the image's root folder, the
 * volumes mounted into it, the user, groups and capabilities of the security contexts, the service account's files and
 * the environment of a pod. Called by image.test.ts and helm-pods.test.ts.
 */
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kubectl, serverAddress, serviceAccountToken } from "./cluster.ts";
import type { Image } from "./dockerfile.ts";
import { Program } from "./program.ts";

/** The part of a pod template that matters here, as the API server returns it. */
export interface PodTemplate {
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly securityContext?: {
      readonly runAsUser?: number;
      readonly runAsGroup?: number;
      readonly supplementalGroups?: readonly number[];
    };
    readonly containers: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

interface Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: ReadonlyArray<{ name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }>;
  readonly securityContext?: { readonly readOnlyRootFilesystem?: boolean; readonly privileged?: boolean };
  readonly volumeMounts?: ReadonlyArray<{ name: string; mountPath: string; readOnly?: boolean }>;
}

interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
  readonly configMap?: { readonly name: string };
  readonly emptyDir?: object;
}

export interface PodPlace {
  readonly image: Image;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly nodeName: string;
  /** Where volumes are kept. */
  readonly folder: string;
  /** The folders that stand for the node's own, by the path that the template names. */
  readonly hostPaths: Readonly<Record<string, string>>;
  /** Changes a config file for the test: its ports and paths are the machine's, not a pod's. */
  editConfig?(text: string): string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly port: number;
}

export type Mount = { readonly from: string; readonly to: string; readonly readOnly: boolean };

export async function startPod(template: PodTemplate, place: PodPlace): Promise<Program> {
  const { image } = place;
  const [container] = template.spec.containers;
  if (container === undefined) throw new Error("the template has no container");
  const mounts = await makeMounts(template, container, place);
  const { host, port } = await serverAddress();
  const environment: Record<string, string> = {
    PATH: "/usr/local/bin",
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: port,
    ...image.environment,
    ...containerEnvironment(container, place),
    ...place.environment,
  };
  const [imageUser = "0", imageGroup = "0"] = image.user.split(":");
  const {
    runAsUser = imageUser,
    runAsGroup = imageGroup,
    supplementalGroups = [],
  } = template.spec.securityContext ?? {};
  const command = container.command ?? image.entrypoint;
  const words = [...command, ...(container.args ?? (container.command === undefined ? image.command : []))];
  const start = {
    root: image.root,
    owner: `${runAsUser}:${runAsGroup}`,
    groups: supplementalGroups.join(","),
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem === true,
    privileged: container.securityContext?.privileged === true,
  };
  return new Program({ words: [...enter(start, mounts), ...words], environment, port: place.port });
}

function containerEnvironment(container: Container, place: PodPlace): Record<string, string> {
  const pairs = (container.env ?? []).map(({ name, value, valueFrom }) => {
    const path = valueFrom?.fieldRef?.fieldPath;
    return [name, path === undefined ? (value ?? "") : podField(path, place)];
  });
  return Object.fromEntries(pairs);
}

function podField(path: string, { nodeName, namespace, serviceAccount }: PodPlace): string {
  const fields: Readonly<Record<string, string>> = {
    "spec.nodeName": nodeName,
    "metadata.name": `${serviceAccount}-x2x1p`,
    "metadata.namespace": namespace,
    "metadata.uid": "0b5b1a2e-3c4d-4e5f-8a9b-0c1d2e3f4a5b",
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`this kubelet does not know the field ${path}`);
  return value;
}

async function makeMounts(template: PodTemplate, container: Container, place: PodPlace): Promise<Mount[]> {
  const mounts: Mount[] = [
    { from: await serviceAccountFolder(place), to: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true },
  ];
  for (const { name, mountPath, readOnly = false } of container.volumeMounts ?? []) {
    const volume = template.spec.volumes?.find((candidate) => candidate.name === name);
    if (volume === undefined) throw new Error(`volumeMount ${name}: no such volume`);
    mounts.push({ from: await volumeFolder(volume, place), to: mountPath, readOnly });
  }
  return mounts;
}

async function volumeFolder(volume: Volume, place: PodPlace): Promise<string> {
  if (volume.hostPath !== undefined) {
    const folder = place.hostPaths[volume.hostPath.path];
    if (folder === undefined) throw new Error(`the test has no folder for hostPath ${volume.hostPath.path}`);
    return folder;
  }
  const folder = await mkdtemp(join(place.folder, `${volume.name}-`));
  await chmod(folder, volume.emptyDir === undefined ? 0o755 : 0o777);
  if (volume.configMap !== undefined) {
    const map = JSON.parse(
      await kubectl(["get", "configmap", volume.configMap.name, "-n", place.namespace, "-o", "json"]),
    );
    for (const [name, text] of Object.entries<string>(map.data)) {
      await writeFile(join(folder, name), place.editConfig?.(text) ?? text);
    }
  }
  return folder;
}

async function serviceAccountFolder(place: PodPlace): Promise<string> {
  const folder = await mkdtemp(join(place.folder, "serviceaccount-"));
  await chmod(folder, 0o755);
  await writeFile(join(folder, "token"), await serviceAccountToken(place.namespace, place.serviceAccount));
  await writeFile(join(folder, "ca.crt"), (await serverAddress()).ca);
  await writeFile(join(folder, "namespace"), place.namespace);
  return folder;
}

interface Start {
  readonly root: string;
  readonly owner: string;
  readonly groups: string;
  readonly readOnlyRoot: boolean;
  readonly privileged?: boolean;
}

/**
 * The words that mount, give up all rights (but for a privileged container's) and become the container's first process,
 * under the same process id.
 */
export function enter(start: Start, mounts: readonly Mount[]): string[] {
  const lines = mounts.map(({ from, to, readOnly }) => {
    // A device is there with /dev.
    const bind = `{ [ -e "$root${to}" ] || mkdir -p "$root${to}"; } && mount --bind ${from} "$root${to}"`;
    return readOnly ? `${bind} && mount -o remount,ro,bind "$root${to}"` : bind;
  });
  const script = `set -eu
    root=$1; shift
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    mount --bind "$root" "$root"
    mount --rbind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
    ${lines.join("\n")}
    ${start.readOnlyRoot ? 'mount -o remount,ro,bind "$root"' : ""}
    exec setpriv --no-new-privs ${start.privileged ? "" : "--bounding-set=-all,+sys_chroot,+setuid,+setgid"} \\
      chroot --userspec=${start.owner} --groups=${start.groups === "" ? '""' : start.groups} "$root" "$@"`;
  return [
    "/usr/bin/env",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "unshare",
    "--mount",
    "sh",
    "-c",
    script,
    "sh",
    start.root,
  ];
}
